/** Filters as text: the term for a value, the chips of a text, the time window in it; never its meaning. */

import type { Value } from "./table";

/** A value that stands in a column, and can become a filter. */
export interface ValueOf {
  field: string;
  value: Value;
}

const PRIVATE = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7";

/** What addresses are called where nobody named groups, as the filter says it. */
const BUILT_IN_GROUPS: Record<string, string> = {
  public: "public",
  private: `net in (${PRIVATE})`,
  "link-local": "net in (169.254.0.0/16, fe80::/10)",
  "azure-platform": "host 168.63.129.16",
  "azure-metadata": "host 169.254.169.254",
};

const WORDS_OF: Record<string, string> = {
  src_ip: "src host",
  dst_ip: "dst host",
  ip: "host",
  src_port: "src port",
  dst_port: "dst port",
  port: "port",
  protocol: "proto",
  state: "state",
  encryption: "encryption",
  rule_origin: "origin",
  mac: "mac",
  flow_log_version: "flow_log_version =",
};

const QUOTED: Record<string, string> = {
  rule: "rule",
  acl_id: "acl",
  source: "source =",
  target_resource_id: "target_resource_id =",
  flow_log_resource_id: "flow_log_resource_id =",
};

/** The filter that keeps what has this value; null where the language can't say it. */
export function termOf({ field, value }: ValueOf, hasGroups = true): string | null {
  if (value === null || Array.isArray(value)) return null;
  const text = String(value);
  const network = /^(src|dst)_net$/.exec(field);
  if (network) return `${network[1]} net ${text}`;
  if (field in WORDS_OF) return `${WORDS_OF[field]} ${text}`;
  if (field in QUOTED) return `${QUOTED[field]} ${quote(text)}`;
  switch (field) {
    case "direction":
      return text;
    case "action":
    case "verdict":
      return text === "deny" || text === "denied" ? "denied" : text === "allow" ? "allowed" : null;
    case "src_group":
    case "dst_group":
    case "group":
      return groupTerm(field, text, hasGroups);
    default:
      return null;
  }
}

function groupTerm(field: string, name: string, hasGroups: boolean): string | null {
  const end = field === "group" ? "" : `${field.slice(0, 3)} `;
  if (hasGroups) return `${end}group ${quote(name)}`;
  const built_in = BUILT_IN_GROUPS[name];
  return built_in === undefined ? null : `${end}${built_in}`;
}

/** The filter in which all of these hold; null where one of them can't be said. */
export function allOf(values: ValueOf[], hasGroups = true): string | null {
  const terms = values.map((value) => termOf(value, hasGroups));
  return terms.length === 0 || terms.some((term) => term === null) ? null : terms.join(" and ");
}

/** The same with either end: the address, port or group at the source or the destination. */
export function eitherEnd({ field, value }: ValueOf, hasGroups = true): string | null {
  const bare = /^(src|dst)_(ip|port|group)$/.exec(field)?.[2];
  return bare === undefined ? null : termOf({ field: bare, value }, hasGroups);
}

function quote(text: string): string {
  return /^[A-Za-z_][\w-]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
}

/** A filter narrowed by one more term. */
export function narrowed(filter: string, term: string): string {
  const parts = chipsOf(filter);
  if (parts.includes(term)) return filter;
  return [...parts, bracketed(term)].join(" and ");
}

/** The opposite of a term. */
export function opposite(term: string): string {
  return /^not\s/.test(term) ? term.slice(4) : splitAt(term, ["and", "or", "&&", "||"]).length > 1 ? `not (${term})` : `not ${term}`;
}

function bracketed(term: string): string {
  return splitAt(term, ["or", "||"]).length > 1 ? `(${term})` : term;
}

/** The parts of a filter that all must hold, each a filter of its own; the whole text where it is an "or". */
export function chipsOf(filter: string): string[] {
  const text = filter.trim();
  if (text === "") return [];
  if (text.includes("#")) return [`(${text}\n)`];
  const parts = splitAt(text, ["and", "&&"]);
  if (parts.length > 1 && splitAt(text, ["or", "||"]).length === 1) return parts;
  return [splitAt(text, ["or", "||"]).length > 1 ? `(${text})` : text];
}

/** Splits at words of the top level: outside quotes and brackets. `src and dst` is one thing, not two. */
function splitAt(text: string, separators: string[]): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  const token = /"(?:[^"]|"")*"?|'(?:[^']|'')*'?|[()]|&&|\|\||[^\s()"'&|]+|\s+|./g;
  for (const match of text.matchAll(token)) {
    const word = match[0];
    if (word === "(") depth++;
    else if (word === ")") depth--;
    else if (depth === 0 && separators.includes(word.toLowerCase())) {
      if (/(^|\s|\()(src|dst)\s*$/i.test(text.slice(0, match.index))) continue;
      parts.push(text.slice(start, match.index).trim());
      start = match.index + word.length;
    }
  }
  parts.push(text.slice(start).trim());
  return parts.filter((part) => part !== "");
}

/** Some of a filter's chips, as a filter. */
export function joined(chips: string[]): string {
  const [only] = chips;
  if (chips.length === 1 && only !== undefined && isWrapped(only)) return only.slice(1, -1).trim();
  return chips.join(" and ");
}

function isWrapped(text: string): boolean {
  if (!text.startsWith("(") || !text.endsWith(")")) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "(") depth++;
    if (text[at] === ")") depth--;
    if (depth === 0 && at < text.length - 1) return false;
  }
  return true;
}

/** A stretch of time; either end may be open. */
export interface Window {
  from: number | null;
  to: number | null;
}

const WITHIN = /^time\s+in\s+([^\s.]+(?:\.\d+Z?)?)\.\.(\S+)$/i;
const FROM = /^time\s*>=\s*(\S+)$/i;
const BEFORE = /^time\s*<\s*(\S+)$/i;

/** The time window a filter says in so many words. */
export function windowOf(filter: string): Window {
  const window: Window = { from: null, to: null };
  for (const chip of chipsOf(filter)) {
    const within = WITHIN.exec(chip);
    const from = within?.[1] ?? FROM.exec(chip)?.[1];
    const to = within?.[2] ?? BEFORE.exec(chip)?.[1];
    if (from !== undefined) window.from = parseTime(from) ?? window.from;
    if (to !== undefined) window.to = parseTime(to) ?? window.to;
  }
  return window;
}

function parseTime(text: string): number | null {
  const utc = /^\d{4}-\d\d-\d\d$/.test(text) || /(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`;
  const time = Date.parse(utc);
  return Number.isNaN(time) ? null : time;
}

/** A filter without its time window. */
export function withoutWindow(filter: string): string {
  const chips = chipsOf(filter);
  const kept = chips.filter((chip) => !isTime(chip));
  return kept.length === chips.length ? filter : joined(kept);
}

function isTime(chip: string): boolean {
  return WITHIN.test(chip) || FROM.test(chip) || BEFORE.test(chip);
}

/** A filter with another time window. */
export function withWindow(filter: string, { from, to }: Window): string {
  const rest = withoutWindow(filter);
  const [start, end] = [from === null ? null : timeText(from), to === null ? null : timeText(to)];
  const term =
    start !== null && end !== null
      ? `time in ${start}..${end}`
      : start !== null
        ? `time >= ${start}`
        : end !== null
          ? `time < ${end}`
          : null;
  return term === null ? rest : narrowed(rest, term);
}

/** A time as the filter language has it: UTC, no more digits than it takes. */
export function timeText(time: number): string {
  return new Date(time).toISOString().replace(/:00\.000Z$/, "").replace(/\.000Z$/, "").replace(/Z$/, "");
}

/** The time window of the same length just before. */
export function previous({ from, to }: Window): Window | null {
  return from === null || to === null || to <= from ? null : { from: 2 * from - to, to: from };
}
