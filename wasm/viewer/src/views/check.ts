/** The view of `check`: whether traffic keeps a policy that was dropped. */

import type { View } from "./view";

export const check: View = {
  id: "check",
  title: "Policy",
  section: "Verdicts",
  analysis: "check",
  about:
    "Violation: passed, and no rule of the policy allows it. Too strict: allowed by the policy, denied by the network. Unused: a rule that nothing needed. The platform's own addresses are not judged.",
  needs: "Drop a policy: a JSON file with groups, and which may reach which on what port.",
  columns: () => ["verdict", "rule", "src_group", "dst_group", "dst_port", "protocol", "tuples", "denied", "bytes", "example", "span"],
};
