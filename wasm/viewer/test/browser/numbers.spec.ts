/** Every panel's numbers are the command line's, for the demo network; read back from the files that the page saves. */

import { expect, test } from "@playwright/test";
import { spawnSync } from "node:child_process";
import { answerOf, COMMAND, demoFolder, hasCommand, openDemo, rowsOf, saved, settled } from "./support";

test.skip(!hasCommand, "needs the command line: make build");

const VIEWS: [string, string, string, string[]][] = [
  ["conversations", "conversations", "conversations", []],
  ["endpoints", "endpoints", "endpoints", []],
  ["top", "top", "top", ["--n", "25"]],
  ["ports", "ports", "top", ["--by", "dst_port,protocol", "--n", "100"]],
  ["matrix", "matrix", "matrix", []],
  ["sankey", "paths", "top", ["--by", "src_group,rule,dst_port,dst_group", "--n", "60"]],
  ["rules", "rules", "rules", []],
  ["denied", "denied", "denied", []],
  ["findings", "findings", "findings", []],
  ["exposure", "exposure", "exposure", []],
  ["scans", "scans", "scans", ["--vertical-ports", "15", "--horizontal-targets", "15"]],
  ["beacons", "beacons", "beacons", []],
  ["one_way", "one-way", "one-way", []],
  ["encryption", "encryption", "encryption", []],
  ["sessions", "sessions", "sessions", []],
  ["coverage", "coverage", "coverage", []],
];

for (const [view, title, command, options] of VIEWS) {
  test(`${view} shows the command line's numbers`, async ({ page }) => {
    await openDemo(page, `#v=1&view=${view}`);
    await expect(page.getByRole("grid")).toBeVisible();
    expect(rowsOf(await saved(page, title, "NDJSON"))).toEqual(answerOf(command, ...options));
  });
}

test("a filter gives the command line's numbers under the same filter", async ({ page }) => {
  await openDemo(page, "#v=1&view=rules");
  const filter = "dst port 22 and denied";
  await page.getByRole("combobox", { name: "Filter" }).fill(filter);
  await page.keyboard.press("Enter");
  await settled(page);
  expect(rowsOf(await saved(page, "rules", "NDJSON"))).toEqual(answerOf("rules", "--filter", filter));
});

test("counted once, numbers are the command line's", async ({ page }) => {
  await openDemo(page, "#v=1&view=top&vantage=once");
  await expect(page.getByRole("grid")).toBeVisible();
  expect(rowsOf(await saved(page, "top", "NDJSON"))).toEqual(answerOf("top", "--n", "25", "--vantage", "once"));
  const told = spawnSync(COMMAND, ["top", demoFolder(), "--vantage", "once"], { encoding: "utf8" });
  const [note = ""] = /each flow is counted at one NIC.*the tuples.*the bytes/.exec(`${told.stdout}${told.stderr}`.replaceAll(/\s+/g, " ")) ?? [];
  expect(note).not.toBe("");
  await expect(page.getByRole("list", { name: /^Notes on/ })).toContainText(note);
});
