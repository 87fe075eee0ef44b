/** The state in the address bar: filter, view and switches, never data; version 1. */

/** What the address bar keeps. */
export interface Kept {
  view: string;
  filter: string;
  vantage: "all" | "once";
  unit: Unit;
  utc: boolean;
  /** What a view's own controls are set to. */
  options: Record<string, string>;
}

/** What amounts are counted in. */
export type Unit = "flows" | "bytes" | "packets" | "bits";

const UNITS: readonly Unit[] = ["flows", "bytes", "packets", "bits"];

export const START: Kept = { view: "overview", filter: "", vantage: "all", unit: "bytes", utc: true, options: {} };

/** The text behind `#`; empty for the start. */
export function writeHash(kept: Kept): string {
  const fields = new URLSearchParams();
  if (kept.view !== START.view) fields.set("view", kept.view);
  if (kept.filter !== "") fields.set("filter", kept.filter);
  if (kept.vantage !== START.vantage) fields.set("vantage", kept.vantage);
  if (kept.unit !== START.unit) fields.set("unit", kept.unit);
  if (!kept.utc) fields.set("time", "local");
  for (const [name, value] of Object.entries(kept.options)) if (value !== "") fields.set(`o.${name}`, value);
  const text = fields.toString();
  return text === "" ? "" : `v=1&${text}`;
}

/** What a text behind `#` says; what it doesn't say, or says in another version, is as at the start. */
export function readHash(text: string): Kept {
  const fields = new URLSearchParams(text.replace(/^#/, ""));
  if (fields.get("v") !== "1") return { ...START, options: {} };
  const unit = UNITS.find((name) => name === fields.get("unit")) ?? START.unit;
  const options: Record<string, string> = {};
  for (const [name, value] of fields) if (name.startsWith("o.")) options[name.slice(2)] = value;
  return {
    view: fields.get("view") ?? START.view,
    filter: fields.get("filter") ?? "",
    vantage: fields.get("vantage") === "once" ? "once" : "all",
    unit,
    utc: fields.get("time") !== "local",
    options,
  };
}
