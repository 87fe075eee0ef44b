/** The view of `beacons`: who calls home. */

import { drawBeacons } from "../draw/beacons";
import type { View } from "./view";

export const beacons: View = {
  id: "beacons",
  title: "Beacons",
  section: "Security",
  analysis: "beacons",
  about:
    "Conversations with even intervals, as RITA scores them: 1 is perfectly regular. Updates, probes and monitoring are regular too, so regular alone is no proof. Public destinations only, unless internal ones are asked for.",
  controls: [
    { name: "min_score", label: "Score from", start: "0", choices: [["0", "0"], ["0.5", "0.5"], ["0.8", "0.8"], ["0.9", "0.9"]] },
    { name: "internal", label: "Destinations", start: "", choices: [["", "public"], ["yes", "all"]] },
  ],
  parameters: (options) => ({
    ...(Number(options.min_score ?? 0) > 0 ? { min_score: Number(options.min_score) } : {}),
    ...(options.internal === "yes" ? { internal: true } : {}),
  }),
  columns: () => ["src_ip", "dst_ip", "dst_port", "protocol", "connections", "interval_ms", "score", "interval_score", "size_score", "duration_score", "histogram_score", "span"],
  bars: ["score"],
  picture: (scene) => ({
    draw: drawBeacons(scene),
    height: 230,
    label: "Each conversation as a dot: its interval to the right, its score upwards; the table below has the numbers",
  }),
};
