/** The view of `conversations`: who talks to whom on what, in both directions. */

import type { View } from "./view";

export const conversations: View = {
  id: "conversations",
  title: "Conversations",
  section: "Traffic",
  analysis: "conversations",
  about:
    "One row for source, destination, port and protocol, whatever the source port. → is what the source sent, ← what came back. “When” lies over the time of the whole data. Sessions are counted as the view of that name lists them.",
  columns: () => ["src_ip", "dst_ip", "dst_port", "protocol", "bytes", "bytes_src_to_dst", "bytes_dst_to_src", "split", "sessions", "denied", "span"],
  bars: ["bytes", "denied"],
};
