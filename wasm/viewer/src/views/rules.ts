/** The view of `rules`: what the rules do, and with an exported NSG which were never hit. */

import type { View } from "./view";

export const rules: View = {
  id: "rules",
  title: "Rules",
  section: "Verdicts",
  analysis: "rules",
  about:
    "Each rule with the tuples it allowed and denied. Origin says who set it: built in, the user, a security admin, the platform, encryption. Drop an exported NSG (az network nsg show) to see rules that were never hit, are shadowed, or are wider than their traffic.",
  columns: () => ["rule", "rule_origin", "acl_id", "priority", "finding", "allowed", "denied", "bytes", "trend", "top_pair", "span"],
  bars: ["allowed", "denied", "bytes"],
};
