/** The address bar, the history, files of tables, amounts as text. */

import { expect, it } from "vitest";
import { asCommand, asPython } from "../../src/state/copy_as";
import { csv, ndjson } from "../../src/state/files_out";
import { Format } from "../../src/state/format";
import { readHash, START, writeHash } from "../../src/state/hash";
import { History } from "../../src/state/history";
import { numbers, texts } from "../../src/state/made_table";
import { orderBy } from "../../src/state/table";

it("the address bar keeps everything, and nothing of another version", () => {
  const kept = { ...START, view: "top", filter: 'rule "a & b" and tcp', unit: "flows" as const, utc: false, options: { by: "dst_ip" } };
  expect(readHash(`#${writeHash(kept)}`)).toEqual(kept);
  expect(writeHash(START)).toBe("");
  expect(readHash("#v=2&view=top")).toEqual(START);
});

it("what is undone can be redone, until something else is done", () => {
  const history = new History<string>();
  history.note("a");
  expect(history.undo("b")).toBe("a");
  expect(history.redo("a")).toBe("b");
  history.undo("b");
  history.note("a");
  expect(history.canRedo).toBe(false);
});

const TABLE = { rows: 2, notes: [], columns: [texts("rule", ["=cmd()", 'a,"b"']), numbers("bytes", [-1, null])] };

it("a formula is text in CSV, and a negative number stays one", () => {
  expect(csv(TABLE)).toBe('rule,bytes\r\n\'=cmd(),-1\r\n"a,""b""",\r\n');
});

it("NDJSON is JSON as the command line writes it", () => {
  expect(ndjson(TABLE)).toBe('{"rule":"=cmd()","bytes":-1}\n{"rule":"a,\\"b\\"","bytes":null}\n');
});

it("null comes last, addresses by their numbers", () => {
  const table = { rows: 3, notes: [], columns: [texts("ip", ["10.0.0.10", null, "10.0.0.9"])] };
  expect([...orderBy(table, "ip", false)]).toEqual([2, 0, 1]);
  expect([...orderBy(table, "ip", true)]).toEqual([0, 2, 1]);
});

it("numbers follow the locale", () => {
  expect(new Format({ locale: "de", utc: true }).whole(1234567)).toBe("1.234.567");
  expect(new Format({ locale: "en", utc: true }).bytes(3466959740)).toBe("3.47\u202fGB");
  expect(new Format({ locale: "en", utc: true }).short(999950)).toBe("1\u202fM");
});

it("a question is the same in Python and in a shell", () => {
  const question = { analysis: "top", parameters: { by: ["src_ip"], n: 5 } };
  const query = { filter: 'rule "it\'s"', vantage: "once" as const };
  expect(asPython(question, query)).toBe('import vnetflow as vf\n\nvf.top("logs/", by=["src_ip"], n=5, filter="rule \\"it\'s\\"", vantage="once")\n');
  expect(asCommand(question, query)).toBe(`vnetflow top logs/ --by src_ip --n 5 --filter 'rule "it'\\''s"' --vantage once`);
});
