/** The view of `exposure`: what is reached from public addresses. */

import type { View } from "./view";

export const exposure: View = {
  id: "exposure",
  title: "Exposure",
  section: "Security",
  analysis: "exposure",
  about:
    "Which ports are reached from the internet. Attempted: flows that were tried; allowed: by every NIC on the path; answered: something came back, missing where the log can't tell. Sources are distinct public addresses.",
  columns: () => ["dst_ip", "dst_port", "protocol", "sources", "attempted", "allowed", "answered", "denied", "bytes", "span"],
  bars: ["sources", "attempted", "allowed"],
};
