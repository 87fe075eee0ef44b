/** What traffic can be counted by, for the views' own controls. */

/** Keys of `top` and their labels. */
export const KEYS: [string, string][] = [
  ["src_ip", "Source"], ["dst_ip", "Destination"], ["pair", "Pair"], ["conversation", "Conversation"],
  ["src_group", "Source group"], ["dst_group", "Destination group"], ["src_net/24", "Source /24"], ["dst_net/24", "Destination /24"],
  ["dst_port", "Port"], ["dst_port,protocol", "Port and protocol"], ["protocol", "Protocol"], ["rule", "Rule"],
  ["rule_origin", "Rule origin"], ["acl_id", "Rule set"], ["direction", "Direction"], ["action", "Verdict"], ["state", "State"],
  ["encryption", "Encryption"], ["mac", "NIC"], ["src_port", "Source port"], ["flow_log_version", "Log version"],
];

const COLUMNS: Record<string, string[]> = {
  pair: ["src_ip", "dst_ip"],
  conversation: ["src_ip", "dst_ip", "dst_port", "protocol"],
};

/** The columns that a key makes. */
export function columnsOf(by: string): string[] {
  return by.split(",").flatMap((key) => COLUMNS[key] ?? [key.replace(/\/.*/, "")]);
}
