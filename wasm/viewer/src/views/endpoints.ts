/** The view of `endpoints`: what each host is. */

import type { View } from "./view";

export const endpoints: View = {
  id: "endpoints",
  title: "Endpoints",
  section: "Traffic",
  analysis: "endpoints",
  about:
    "Every address, with what it asked for and what it was asked. Ports served are those on which it answered as destination, ports used those it asked for; twenty at most.",
  columns: () => ["ip", "group", "as_src_bytes", "as_dst_bytes", "as_dst_denied", "peers", "ports_served", "ports_used", "span"],
  bars: ["as_src_bytes", "as_dst_bytes"],
};
