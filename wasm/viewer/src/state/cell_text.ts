/** A value of a table as text for people, for the clipboard and for files. */

import { shownAs, type Kind } from "./columns";
import { portName, protocolName, shortResource, type Format } from "./format";
import { asNumber, type Value } from "./table";

const YES = new Map<unknown, string>([[true, "yes"], [false, "no"], [1, "yes"], [0, "no"]]);

/** What stands in a cell. */
export function cellText(format: Format, name: string, value: Value, kind: Kind = shownAs(name).kind): string {
  if (value === null) return name.endsWith("group") ? "(no group)" : "–";
  if (Array.isArray(value)) return value.map(String).join(", ");
  const number = asNumber(value);
  switch (kind) {
    case "count":
      return typeof value === "bigint" ? format.whole(value) : number === null ? String(value) : countText(format, number);
    case "bytes":
      return format.bytes(number);
    case "rate":
      return format.short(number, "bit/s");
    case "share":
      return format.share(number);
    case "trend":
      return format.trend(number);
    case "score":
      return format.score(number);
    case "duration":
      return format.duration(number);
    case "time":
      return format.time(number, name === "hour" ? "minute" : "second");
    case "yes":
      return YES.get(value) ?? String(value);
    case "protocol":
      return number === null ? String(value) : protocolName(number);
    case "port":
      return number === null ? String(value) : portText(number);
    case "resource":
      return shortResource(String(value));
    case "text":
    case "pair":
      return number === null ? String(value).replaceAll(" -> ", " → ") : countText(format, number);
    default:
      return String(value);
  }
}

function countText(format: Format, value: number): string {
  return Number.isInteger(value) || Math.abs(value) >= 1000 ? format.whole(value) : format.short(value);
}

function portText(port: number): string {
  const name = portName(port);
  return name === null ? String(port) : `${port} ${name}`;
}

/** Everything there is to a value, for a tooltip; null where the cell already says it. */
export function cellTitle(format: Format, name: string, value: Value): string | null {
  const number = asNumber(value);
  switch (shownAs(name).kind) {
    case "bytes":
      return number === null ? null : `${format.whole(typeof value === "bigint" ? value : number)} bytes`;
    case "time":
      return number === null ? null : `${format.time(number, "millisecond")} ${format.zone}`;
    case "protocol":
      return number === null ? null : `protocol ${number}`;
    case "duration":
      return number === null ? null : `${format.whole(number)} ms`;
    case "resource":
    case "text":
    case "pair":
    case "name":
    case "filter":
      return value === null ? null : String(value);
    default:
      return null;
  }
}

/** A value as other programs read it: numbers whole, times as RFC 3339 in UTC. */
export function plain(name: string, value: Value): string {
  if (value === null) return "";
  if (Array.isArray(value)) return value.join(" ");
  if (shownAs(name).kind === "time" && typeof value === "number") return new Date(value).toISOString();
  return String(value);
}
