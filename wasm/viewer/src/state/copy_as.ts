/** A view's question as Python and as a command line: the same numbers elsewhere. */

import type { Question, Query } from "../engine/protocol";

const SOURCE = "logs/";

/** A call of the Python package. */
export function asPython({ analysis, parameters = {}, filter }: Question, query: Query): string {
  const fields = Object.entries(parameters).map(([name, value]) => `${name}=${pythonValue(value)}`);
  return `import vnetflow as vf\n\nvf.${analysis}(${[`"${SOURCE}"`, ...fields, ...common(filter ?? query.filter, query.vantage)].join(", ")})\n`;
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
  const words = ["vnetflow", analysis.replaceAll("_", "-"), SOURCE];
  for (const [name, value] of Object.entries(parameters)) {
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
