/** The view of `denied`: what is blocked, and by whom. */

import type { View } from "./view";

export const denied: View = {
  id: "denied",
  title: "Denied",
  section: "Verdicts",
  analysis: "denied",
  about:
    "Blocked traffic by who asked whom on what, with the rule that blocked it. Tries are counted at the NIC that logged most. Ongoing: the last try lies close to the data's end. Denied traffic carries no bytes.",
  columns: () => ["src_ip", "dst_ip", "dst_port", "protocol", "rule", "rule_origin", "tries", "ongoing", "span", "last_time"],
  bars: ["tries"],
};
