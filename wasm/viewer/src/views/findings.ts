/** The view of `findings`: what deserves a look, each with the filter that shows it. */

import type { View } from "./view";

export const findings: View = {
  id: "findings",
  title: "Findings",
  section: "Security",
  analysis: "findings",
  about: "Reasons to look, no verdicts: beacons, scans, exposed and blocked addresses, uploads, long sessions, fan-out on administrative ports. A finding's filter shows the flows behind it.",
  columns: () => ["severity", "kind", "reason", "src_ip", "dst_ip", "dst_port", "filter", "span"],
};
