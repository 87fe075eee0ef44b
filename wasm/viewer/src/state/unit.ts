/** What amounts are counted in: the columns behind a unit, and how its numbers are written. */

import type { Table } from "../engine/protocol";
import type { Format } from "./format";
import type { Unit } from "./hash";
import { numberAt } from "./table";

/** How a unit is shown. */
export interface UnitShown {
  unit: Unit;
  label: string;
  /** The counter that ranks. */
  metric: string;
  /** What the two sides of a mirrored picture are. */
  sides: [string, string];
  about: string;
}

export const UNITS: readonly UnitShown[] = [
  { unit: "flows", label: "Flows", metric: "flows", sides: ["allowed", "denied"], about: "Flows that began or were denied in the data" },
  { unit: "bytes", label: "Bytes", metric: "bytes", sides: ["source → destination", "destination → source"], about: "Bytes of both directions; denied traffic has none" },
  { unit: "packets", label: "Packets", metric: "packets", sides: ["source → destination", "destination → source"], about: "Packets of both directions; denied traffic has none" },
  { unit: "bits", label: "Bits/s", metric: "bytes", sides: ["source → destination", "destination → source"], about: "Mean bits per second over each bin, or over the shown time; denied traffic has none" },
];

export function unitShown(unit: Unit): UnitShown {
  return UNITS.find((one) => one.unit === unit) ?? (UNITS[1] as UnitShown);
}

/** The two amounts of a row in a unit: allowed and denied flows, or both directions. `seconds` makes bytes into bits per second. */
export function amounts(table: Table, row: number, unit: Unit, seconds: number): [number, number] {
  const number = (name: string): number => numberAt(table, name, row) ?? 0;
  switch (unit) {
    case "flows": {
      const denied = number("denied");
      return [Math.max(0, number("flows") - denied), denied];
    }
    case "packets":
      return [number("packets_src_to_dst"), number("packets_dst_to_src")];
    case "bytes":
      return [number("bytes_src_to_dst"), number("bytes_dst_to_src")];
    case "bits":
      return [(number("bytes_src_to_dst") * 8) / seconds, (number("bytes_dst_to_src") * 8) / seconds];
  }
}

/** An amount in a unit, short. */
export function amountText(format: Format, unit: Unit, value: number | null): string {
  return format.short(value, { flows: "", packets: "", bytes: "B", bits: "bit/s" }[unit]);
}
