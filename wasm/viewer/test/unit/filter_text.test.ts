/** Filters as text: what clicks, chips and brushes make of it. */

import { describe, expect, it } from "vitest";
import { allOf, chipsOf, eitherEnd, joined, narrowed, opposite, previous, termOf, windowOf, withoutWindow, withWindow } from "../../src/state/filter_text";

describe("a value becomes a term", () => {
  it.each([
    ["src_ip", "10.1.1.4", "src host 10.1.1.4"],
    ["dst_port", 22, "dst port 22"],
    ["rule", "UserRule_allow-https", "rule UserRule_allow-https"],
    ["rule", 'a "b" c', 'rule "a ""b"" c"'],
    ["action", "deny", "denied"],
    ["direction", "inbound", "inbound"],
    ["src_net", "10.1.0.0/16", "src net 10.1.0.0/16"],
    ["src_group", "hub", "src group hub"],
  ])("%s %s", (field, value, term) => expect(termOf({ field, value })).toBe(term));

  it("is none where the language can't say it", () => {
    expect(termOf({ field: "src_group", value: null })).toBeNull();
    expect(termOf({ field: "bytes", value: 5 })).toBeNull();
    expect(allOf([{ field: "src_ip", value: "10.0.0.1" }, { field: "src_group", value: null }])).toBeNull();
  });

  it("says built-in groups by their addresses where nobody named any", () => {
    expect(termOf({ field: "dst_group", value: "public" }, false)).toBe("dst public");
    expect(termOf({ field: "src_group", value: "azure-platform" }, false)).toBe("src host 168.63.129.16");
  });

  it("goes for either end", () => expect(eitherEnd({ field: "dst_port", value: 53 })).toBe("port 53"));
});

describe("chips", () => {
  it("are what all must hold", () => {
    expect(chipsOf('denied and rule "a and b" and not (tcp and udp)')).toEqual(["denied", 'rule "a and b"', "not (tcp and udp)"]);
    expect(chipsOf("src and dst net 10.0.0.0/8 && tcp")).toEqual(["src and dst net 10.0.0.0/8", "tcp"]);
  });

  it("keep an `or` whole, in brackets", () => {
    expect(chipsOf("tcp or udp and denied")).toEqual(["(tcp or udp and denied)"]);
    expect(narrowed("tcp or udp", "denied")).toBe("(tcp or udp) and denied");
    expect(joined(chipsOf("tcp or udp"))).toBe("tcp or udp");
  });

  it("turn into their opposite and back", () => {
    expect(opposite("tcp")).toBe("not tcp");
    expect(opposite("not tcp")).toBe("tcp");
    expect(opposite("src host 10.0.0.1 and dst port 22")).toBe("not (src host 10.0.0.1 and dst port 22)");
  });

  it("are not said twice", () => expect(narrowed("denied and tcp", "tcp")).toBe("denied and tcp"));
});

describe("time", () => {
  const from = Date.UTC(2024, 4, 1, 9);
  const to = Date.UTC(2024, 4, 1, 10, 0, 30);

  it("is written and read back", () => {
    const filter = withWindow("denied", { from, to });
    expect(filter).toBe("denied and time in 2024-05-01T09:00..2024-05-01T10:00:30");
    expect(windowOf(filter)).toEqual({ from, to });
    expect(withoutWindow(filter)).toBe("denied");
  });

  it("replaces what was there", () => {
    expect(withWindow("time >= 2024-05-01 and tcp", { from: null, to })).toBe("tcp and time < 2024-05-01T10:00:30");
  });

  it("has a period before it", () => expect(previous({ from: 100, to: 150 })).toEqual({ from: 50, to: 100 }));
});
