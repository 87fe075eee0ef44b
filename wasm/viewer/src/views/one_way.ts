/** The view of `one_way`: asked, never answered. */

import type { View } from "./view";

export const oneWay: View = {
  id: "one_way",
  title: "One-way",
  section: "Security",
  analysis: "one_way",
  about: "Allowed conversations in which nothing ever came back, at any NIC: a host that is down, a route that is missing, a firewall behind. Where the log can't tell, the conversation is left out.",
  columns: () => ["src_ip", "dst_ip", "dst_port", "protocol", "tries", "packets_src_to_dst", "bytes_src_to_dst", "span", "first_time", "last_time"],
  bars: ["tries"],
};
