/** The view of `anomalies`: hours that were unlike that hour of other days. */

import { unitShown } from "../state/unit";
import type { View } from "./view";

export const anomalies: View = {
  id: "anomalies",
  title: "Anomalies",
  section: "Time",
  analysis: "anomalies",
  about: "Hours of a host, port or group that were unlike the same hour of other days. Expected is the median of those days, the score how many median absolute deviations off it was. Needs three other days.",
  controls: [{ name: "by", label: "By", start: "src_ip", choices: [["src_ip", "Source"], ["dst_ip", "Destination"], ["dst_port", "Port"], ["rule", "Rule"], ["src_group", "Source group"], ["dst_group", "Destination group"]] }],
  parameters: (options, { unit }) => ({ by: [options.by ?? "src_ip"], metric: unitShown(unit).metric }),
  columns: (options) => [options.by ?? "src_ip", "time", "value", "expected", "deviation", "score", "days"],
  bars: ["score"],
};
