/** Numbers, amounts and times as text, by locale, unit and time zone. */

/** How a reader wants to see things. */
export interface Taste {
  /** A BCP 47 tag; undefined takes the browser's. */
  locale: string | undefined;
  utc: boolean;
}

const MISSING = "–";
const PREFIXES = ["", "k", "M", "G", "T", "P"];

/** What is smaller is no zero. */
const LEAST_SHARE = 0.001;

/** Writes values for people. */
export class Format {
  readonly taste: Taste;
  readonly #whole: Intl.NumberFormat;
  readonly #three: Intl.NumberFormat;
  readonly #share: Intl.NumberFormat;
  readonly #trend: Intl.NumberFormat;
  readonly #score: Intl.NumberFormat;

  constructor(taste: Taste) {
    this.taste = taste;
    this.#whole = new Intl.NumberFormat(taste.locale, { maximumFractionDigits: 0 });
    this.#three = new Intl.NumberFormat(taste.locale, { maximumSignificantDigits: 3 });
    this.#share = new Intl.NumberFormat(taste.locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
    this.#trend = new Intl.NumberFormat(taste.locale, { style: "percent", maximumFractionDigits: 0, signDisplay: "exceptZero" });
    this.#score = new Intl.NumberFormat(taste.locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  }

  /** Every digit. */
  whole(value: number | bigint | null): string {
    return value === null ? MISSING : this.#whole.format(value);
  }

  /** Three digits and a power of 1000: `1.23 M`. */
  short(value: number | null, unit = ""): string {
    if (value === null) return MISSING;
    const size = Math.abs(value);
    const power = size < 1000 ? 0 : Math.min(PREFIXES.length - 1, Math.floor(Math.log10(size * 1.0005) / 3));
    const text = this.#three.format(size < 1000 && unit !== "" ? Math.round(value * 10) / 10 : value / 1000 ** power);
    const suffix = `${PREFIXES[power] ?? ""}${unit}`;
    return suffix === "" ? text : `${text}\u202f${suffix}`;
  }

  bytes(value: number | null): string {
    return this.short(value, "B");
  }

  share(value: number | null): string {
    if (value === null) return MISSING;
    const isTiny = value > 0 && value < LEAST_SHARE / 2;
    return isTiny ? `<${this.#share.format(LEAST_SHARE)}` : this.#share.format(value);
  }

  /** `↗ +20 %`: the sign and an arrow, for changes from -1 to 1. */
  trend(value: number | null): string {
    if (value === null) return MISSING;
    return `${value > 0.1 ? "↗" : value < -0.1 ? "↘" : "→"} ${this.#trend.format(value)}`;
  }

  score(value: number | null): string {
    return value === null ? MISSING : this.#score.format(value);
  }

  /** `2024-05-01 09:03:41.927`, in UTC or the reader's zone. */
  time(value: number | null, digits: "minute" | "second" | "millisecond" = "second"): string {
    if (value === null) return MISSING;
    const length = { minute: 16, second: 19, millisecond: 23 }[digits];
    return this.#iso(value).slice(0, length);
  }

  /** Only the clock: `09:03`. */
  clock(value: number, digits: "minute" | "second" = "minute"): string {
    return this.#iso(value).slice(11, digits === "minute" ? 16 : 19);
  }

  /** Only the day: `2024-05-01`. */
  day(value: number): string {
    return this.#iso(value).slice(0, 10);
  }

  #iso(value: number): string {
    return new Date(value - this.offset(value)).toISOString().replace("T", " ");
  }

  /** What to take off UTC to get the shown clock, in milliseconds. */
  offset(value: number): number {
    return this.taste.utc ? 0 : new Date(value).getTimezoneOffset() * 60_000;
  }

  /** `UTC`, or the reader's zone such as `Europe/Berlin`. */
  get zone(): string {
    return this.taste.utc ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  /** `4 h 12 min`, the two largest units. */
  duration(milliseconds: number | null): string {
    if (milliseconds === null) return MISSING;
    if (milliseconds < 1000) return `${this.#three.format(milliseconds)}\u202fms`;
    const seconds = milliseconds / 1000;
    if (seconds < 60) return `${this.#three.format(seconds)}\u202fs`;
    const units: [number, string][] = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    const at = units.findIndex(([size]) => seconds >= size);
    const [size, name] = units[at] ?? [1, "s"];
    const [next, nextName] = units[at + 1] ?? [1, "s"];
    const large = Math.floor(seconds / size);
    const small = Math.floor((seconds - large * size) / next);
    return small === 0 || size === 1 ? `${large}\u202f${name}` : `${large}\u202f${name} ${small}\u202f${nextName}`;
  }
}

/** Protocols that go by a name; others by their number. */
const PROTOCOLS: Record<number, string> = { 1: "ICMP", 6: "TCP", 17: "UDP", 47: "GRE", 50: "ESP", 51: "AH", 132: "SCTP" };

/** `TCP` for 6. */
export function protocolName(value: number): string {
  return PROTOCOLS[value] ?? String(value);
}

const PORTS: Record<number, string> = {
  20: "ftp-data", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 53: "dns", 67: "dhcp", 80: "http", 88: "kerberos",
  110: "pop3", 111: "rpcbind", 123: "ntp", 135: "msrpc", 139: "netbios", 143: "imap", 161: "snmp", 389: "ldap",
  443: "https", 445: "smb", 465: "smtps", 514: "syslog", 587: "submission", 636: "ldaps", 853: "dns-tls", 993: "imaps",
  1433: "mssql", 1521: "oracle", 1688: "kms", 2049: "nfs", 3128: "proxy", 3306: "mysql", 3389: "rdp",
  5432: "postgres", 5671: "amqps", 5672: "amqp", 5985: "winrm", 5986: "winrm-tls", 6379: "redis", 6443: "kubernetes",
  8080: "http-alt", 8443: "https-alt", 9200: "elastic", 10250: "kubelet", 11211: "memcached", 27017: "mongodb",
};

/** What usually listens on a port; a habit, no proof. */
export function portName(port: number): string | null {
  return PORTS[port] ?? null;
}

/** The last part of a resource's path, for reading; the path stays in the title. */
export function shortResource(path: string): string {
  const at = path.lastIndexOf("/");
  return at < 0 || at === path.length - 1 ? path : path.slice(at + 1);
}
