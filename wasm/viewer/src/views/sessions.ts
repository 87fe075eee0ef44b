/** The view of `sessions`: begin, continue and end tuples stitched. */

import { drawSessions } from "../draw/sessions";
import type { View } from "./view";

export const sessions: View = {
  id: "sessions",
  title: "Sessions",
  section: "Time",
  analysis: "sessions",
  about:
    "Begin, continue and end tuples of one 5-tuple at one NIC and direction, across files and hours. Open: no end was logged. Started before: no begin was. Each denial is a session. Recreated: it ended and began again at one millisecond.",
  columns: () => ["start", "src_ip", "src_port", "dst_ip", "dst_port", "protocol", "direction", "status", "duration_ms", "bytes_src_to_dst", "bytes_dst_to_src", "continues", "mac"],
  bars: ["duration_ms"],
  picture: (scene) => ({ draw: drawSessions(scene), height: 210, label: "The longest sessions as lines over time; the table below has the numbers" }),
};
