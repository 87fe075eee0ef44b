/** The view of `why`: why one address can or can't reach another. */

import type { View } from "./view";

export const why: View = {
  id: "why",
  title: "Why",
  section: "Verdicts",
  analysis: "why",
  about:
    "One row for each stretch of time in which one rule at one NIC gave one verdict. The first note is the answer in a sentence. Tries at several NICs are the same tries.",
  controls: [
    { name: "src", label: "From", start: "", width: 14, hint: "10.1.2.20" },
    { name: "dst", label: "to", start: "", width: 14, hint: "10.1.1.4" },
    { name: "port", label: "on port", start: "", width: 5, hint: "any" },
  ],
  parameters: ({ src, dst, port }) =>
    !src || !dst ? null : { src, dst, ...(port && /^\d+$/.test(port) ? { port: Number(port) } : {}) },
  hasLead: true,
  needs: "Say who asks and who is asked, or choose “Why can or can't it?” from the menu on a conversation.",
  columns: () => ["verdict", "rule", "rule_origin", "mac", "direction", "dst_port", "protocol", "tries", "bytes", "first_time", "last_time", "span"],
};
