/** A view's question as Python and as a command line: the same numbers elsewhere. */

import type { Question, Query } from "../engine/protocol";

const SOURCE = "logs/";

/** A call of the Python package. */
export function asPython({ analysis, parameters = {}, filter }: Question, query: Query): string {
  if (parameters.side !== undefined) return pythonOfTwo(parameters, filter ?? query.filter, query.vantage);
  const fields = Object.entries(parameters).map(([name, value]) => `${name}=${pythonValue(value)}`);
  return `import vnetflow as vf\n\nvf.${analysis}(${[`"${SOURCE}"`, ...fields, ...common(filter ?? query.filter, query.vantage)].join(", ")})\n`;
}

/** Two sets of logs that are compared. */
function pythonOfTwo({ by }: Record<string, unknown>, filter: string, vantage: Query["vantage"]): string {
  const fields = ['"before/"', 'after="after/"', `by=${pythonValue(by)}`, ...common(filter, vantage)];
  return `import vnetflow as vf\n\nvf.diff(${fields.join(", ")})\n`;
}

function common(filter: string, vantage: string): string[] {
  return [...(filter === "" ? [] : [`filter=${pythonValue(filter)}`]), ...(vantage === "all" ? [] : [`vantage="${vantage}"`])];
}

function pythonValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(", ")}]`;
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value === null || value === undefined) return "None";
  if (typeof value === "number") return String(value);
  const text = String(value);
  return text.includes('"') && !text.includes("'") ? `'${text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}'` : JSON.stringify(text);
}

/** A command for a POSIX shell. */
export function asCommand({ analysis, parameters = {}, filter }: Question, query: Query): string {
  const { side, ...others } = parameters;
  const words = ["vnetflow", analysis.replaceAll("_", "-"), ...(side === undefined ? [SOURCE] : ["before/", "after/"])];
  for (const [name, value] of Object.entries(others)) {
    const option = `--${name.replaceAll("_", "-")}`;
    if (value === true) words.push(option);
    else if (value === false) words.push(...(name === "spread" ? ["--no-spread"] : []));
    else if (value !== null && value !== undefined) words.push(option, shellWord(Array.isArray(value) ? value.join(",") : String(value)));
  }
  const text = filter ?? query.filter;
  if (text !== "") words.push("--filter", shellWord(text));
  if (query.vantage !== "all") words.push("--vantage", query.vantage);
  return words.join(" ");
}

function shellWord(text: string): string {
  return /^[\w./:,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
