/** How each column of the analyses is shown: its heading, what sort of value it holds, what it means. */

/** What sort of value a column holds; decides its text, side and filter. */
export type Kind =
  | "address" | "port" | "protocol" | "word" | "verdict" | "name" | "resource" | "text" | "filter"
  | "count" | "bytes" | "rate" | "share" | "trend" | "score" | "duration" | "time" | "yes" | "severity" | "span" | "split" | "pair";

/** How a column is shown. */
export interface Shown {
  label: string;
  kind: Kind;
  /** Width in characters. */
  width: number;
  about?: string;
}

const shown = (label: string, kind: Kind, width: number, about?: string): Shown =>
  about === undefined ? { label, kind, width } : { label, kind, width, about };

const COLUMNS: Record<string, Shown> = {
  time: shown("Time", "time", 19, "when it was logged"),
  record_time: shown("Record written", "time", 19),
  hour: shown("Hour", "time", 16),
  first_time: shown("First", "time", 19, "first tuple"),
  last_time: shown("Last", "time", 19, "last tuple"),
  start: shown("Start", "time", 19),
  end: shown("End", "time", 19),
  src_ip: shown("Source", "address", 15, "the initiator"),
  dst_ip: shown("Destination", "address", 15, "the responder"),
  ip: shown("Address", "address", 15),
  src_net: shown("Source network", "address", 17),
  dst_net: shown("Destination network", "address", 17),
  src_port: shown("Src port", "port", 8),
  dst_port: shown("Port", "port", 13, "the responder's port"),
  port: shown("Port", "port", 10),
  protocol: shown("Proto", "protocol", 6),
  direction: shown("Direction", "word", 9, "at the NIC that logged it"),
  action: shown("Verdict", "verdict", 9),
  verdict: shown("Verdict", "verdict", 10),
  state: shown("State", "word", 9),
  encryption: shown("Encryption", "word", 18),
  rule: shown("Rule", "name", 18),
  rule_origin: shown("Origin", "word", 10, "who set the rule"),
  acl_id: shown("Rule set", "resource", 18, "NSG or Virtual Network Manager resource that holds the rule"),
  target_resource_id: shown("Target", "resource", 18),
  flow_log_resource_id: shown("Flow log", "resource", 18),
  flow_log_version: shown("Version", "count", 7),
  mac: shown("NIC", "name", 15),
  source: shown("File", "text", 40),
  offset: shown("Offset", "count", 11, "byte in the file; for gzip and zip in the unpacked text"),
  group: shown("Group", "name", 12),
  src_group: shown("Source group", "name", 14),
  dst_group: shown("Destination group", "name", 16),
  tuples: shown("Tuples", "count", 9, "rows of the log"),
  flows: shown("Flows", "count", 9, "flows that began or were denied"),
  allowed: shown("Allowed", "count", 9),
  denied: shown("Denied", "count", 9, "denied tries; they carry no bytes"),
  bytes: shown("Bytes", "bytes", 10, "both directions"),
  bytes_src_to_dst: shown("Bytes →", "bytes", 10, "bytes from source to destination"),
  bytes_dst_to_src: shown("Bytes ←", "bytes", 10, "bytes from destination to source"),
  packets: shown("Packets", "count", 10),
  packets_src_to_dst: shown("Packets →", "count", 10, "packets from source to destination"),
  packets_dst_to_src: shown("Packets ←", "count", 10, "packets from destination to source"),
  bits_per_second: shown("Bits/s", "rate", 10, "both directions, mean over the bin"),
  trend: shown("Trend", "trend", 8, "the later half of the data against the earlier: +100 % is hit in the later half only, −100 % no longer"),
  share: shown("Share", "share", 9, "of all that pass the filter"),
  peers: shown("Peers", "count", 7, "distinct addresses at the other end"),
  sessions: shown("Sessions", "count", 9),
  sources: shown("Sources", "count", 8, "distinct public addresses"),
  attempted: shown("Attempted", "count", 10, "flows that were tried"),
  answered: shown("Answered", "count", 9, "flows in which something came back; missing where the log can't tell"),
  tries: shown("Tries", "count", 8),
  targets: shown("Targets", "count", 8),
  ports: shown("Ports", "count", 7),
  ports_served: shown("Ports served", "text", 22),
  ports_used: shown("Ports used", "text", 22),
  connections: shown("Connections", "count", 11),
  interval_ms: shown("Interval", "duration", 12, "the usual time between two connections"),
  duration_ms: shown("Duration", "duration", 12),
  gap_minutes: shown("Longest gap", "count", 11, "minutes in a row without a tuple: a question, no proof of loss"),
  records: shown("Records", "count", 9),
  continues: shown("Continues", "count", 9),
  recreated: shown("Recreated", "yes", 9, "ended and began again at one millisecond"),
  ongoing: shown("Ongoing", "yes", 8, "tried until the end of the data"),
  status: shown("Status", "word", 14),
  community_id: shown("Community ID", "text", 30),
  score: shown("Score", "score", 8),
  interval_score: shown("Regular", "score", 8, "how even the intervals are"),
  size_score: shown("Sizes", "score", 8, "how even the sizes are; missing where they are not known"),
  duration_score: shown("Lasting", "score", 8, "how much of the data's time it covers"),
  histogram_score: shown("Histogram", "score", 9, "how even it is over the hours"),
  severity: shown("Severity", "severity", 10),
  kind: shown("Kind", "word", 14),
  reason: shown("Why", "text", 44),
  finding: shown("Finding", "text", 22),
  filter: shown("Filter", "filter", 30),
  top_pair: shown("Busiest pair", "pair", 28),
  priority: shown("Priority", "count", 8),
  value: shown("Value", "count", 10),
  expected: shown("Expected", "count", 10, "median of other days"),
  deviation: shown("Deviation", "count", 10),
  days: shown("Days", "count", 6),
  example: shown("Example", "text", 34),
  message: shown("What is wrong", "text", 44),
  record: shown("Record", "count", 8),
  tuple: shown("Tuple", "count", 8),
  skipped: shown("Tuples lost", "count", 11),
  count: shown("Times", "count", 7),
  name: shown("Name", "text", 34),
  about: shown("What it says", "text", 34),
  span: shown("When", "span", 12, "from the first to the last tuple, over the time of the data"),
  split: shown("→ / ←", "split", 12, "how much the source sent, and how much came back"),
};

/** What a number of these kinds is counted in stands right. */
const RIGHT: ReadonlySet<Kind> = new Set(["count", "bytes", "rate", "share", "trend", "score", "duration"]);

/** How a column is shown; unknown ones by their name. */
export function shownAs(name: string): Shown {
  const known = COLUMNS[name];
  if (known) return known;
  const change = /^(.+)_(before|after)$/.exec(name);
  const side = /^as_(src|dst)_(.+)$/.exec(name);
  if (change) return { ...shownAs(change[1] ?? name), label: `${shownAs(change[1] ?? name).label} ${change[2]}` };
  if (side) return { ...shownAs(side[2] ?? name), label: `${shownAs(side[2] ?? name).label} as ${side[1]}` };
  return { label: name.replaceAll("_", " "), kind: "text", width: 14 };
}

export function isRight(kind: Kind): boolean {
  return RIGHT.has(kind);
}

/** Columns whose values say which traffic a row is. */
export const KEY_COLUMNS: readonly string[] = [
  "src_ip", "dst_ip", "ip", "src_port", "dst_port", "protocol", "src_group", "dst_group", "group", "src_net", "dst_net", "rule",
  "rule_origin", "encryption", "mac", "direction", "action", "state",
];
