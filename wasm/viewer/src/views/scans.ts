/** The view of `scans`: who probes. */

import type { View } from "./view";

export const scans: View = {
  id: "scans",
  title: "Scans",
  section: "Security",
  analysis: "scans",
  about: "Vertical: many ports of one target. Horizontal: one port of many targets. Block: both. Fifteen that never answered within an hour make a scan; change the numbers to see more or less.",
  controls: [
    { name: "vertical_ports", label: "Ports", start: "15", width: 4 },
    { name: "horizontal_targets", label: "Targets", start: "15", width: 4 },
  ],
  parameters: (options) => whole(options, ["vertical_ports", "horizontal_targets"]),
  columns: () => ["src_ip", "kind", "targets", "ports", "tries", "denied", "answered", "span", "first_time", "last_time"],
  bars: ["tries"],
};

function whole(options: Record<string, string>, names: string[]): Record<string, number> {
  return Object.fromEntries(names.filter((name) => /^\d+$/.test(options[name] ?? "")).map((name) => [name, Number(options[name])]));
}
