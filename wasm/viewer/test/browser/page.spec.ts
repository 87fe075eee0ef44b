/** What a user does with the page: drops, clicks, brushes, goes back, saves, without a byte leaving it. */

import { expect, test, type Page } from "@playwright/test";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { deflateRawSync, crc32 } from "node:zlib";
import { answerOf, demoFolder, hasCommand, openDemo, readBack, settled, show } from "./support";

/** Files in a folder, as the page's input takes them. */
function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json")).map((name) => join(folder, name));
}

/** A zip of some files, made by hand: deflated entries and a directory at the end. */
function zipOf(files: [string, Buffer][]): Buffer {
  const [parts, heads]: [Buffer[], Buffer[]] = [[], []];
  let at = 0;
  for (const [name, bytes] of files) {
    const [path, packed] = [Buffer.from(name), deflateRawSync(bytes)];
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(crc32(bytes), 14);
    local.writeUInt32LE(packed.length, 18);
    local.writeUInt32LE(bytes.length, 22);
    local.writeUInt16LE(path.length, 26);
    const head = Buffer.alloc(46);
    head.writeUInt32LE(0x02014b50, 0);
    head.writeUInt16LE(20, 6);
    local.copy(head, 10, 8, 26);
    head.writeUInt16LE(path.length, 28);
    head.writeUInt32LE(at, 42);
    parts.push(local, path, packed);
    heads.push(head, path);
    at += 30 + path.length + packed.length;
  }
  const directory = Buffer.concat(heads);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, directory, end]);
}

/** Drops files from disk on the window, by the browser's own drag and drop. */
async function drop(page: Page, paths: string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) await session.send("Input.dispatchDragEvent", { type, x: 400, y: 300, data });
}

const foot = (page: Page) => page.locator("footer");

test("a folder is dropped, with the names in it", async ({ page }) => {
  test.skip(!hasCommand, "needs the command line: make build");
  await page.goto("./");
  await drop(page, [demoFolder()]);
  await settled(page);
  await expect(foot(page)).toContainText("80,809 tuples");
  await show(page, "Files");
  await expect(page.getByRole("button", { name: /Remove .*groups.csv/ })).toBeVisible();
  await page.getByRole("button", { name: /Remove .*groups.csv/ }).click();
  await expect(page.getByText("None yet.")).toBeVisible();
});

test("a zip is dropped", async ({ page }) => {
  test.skip(!hasCommand, "needs the command line: make build");
  const folder = demoFolder();
  const files = filesUnder(folder).map((path): [string, Buffer] => [relative(folder, path), readFileSync(path)]);
  const zip = join(tmpdir(), `vnetflow-${process.pid}.zip`);
  mkdirSync(tmpdir(), { recursive: true });
  writeFileSync(zip, zipOf(files));
  await page.goto("./");
  await drop(page, [zip]);
  await settled(page);
  await expect(foot(page)).toContainText("80,809 tuples");
});

test("which rule blocks SSH, in two gestures from the drop", async ({ page }) => {
  await openDemo(page);
  const denied = page.getByRole("grid", { name: "Denied: who, where, by which rule" });
  await denied.scrollIntoViewIfNeeded();
  await expect(denied.getByRole("row").nth(1)).toContainText("22 ssh");
  await expect(denied.getByRole("row").nth(1)).toContainText("nossh");
  await denied.getByText("22 ssh").first().click();
  await page.getByRole("menuitem", { name: /Only this/ }).first().click();
  await settled(page);
  await expect(page.getByRole("combobox", { name: "Filter" })).toHaveValue("dst port 22");
});

test("the menu narrows, turns round, counts by, and can be undone", async ({ page }) => {
  await openDemo(page, "#v=1&view=conversations");
  const filter = page.getByRole("combobox", { name: "Filter" });
  await page.getByRole("gridcell", { name: "10.1.1.36", exact: true }).first().click({ button: "right" });
  await page.getByRole("menuitem", { name: /Not this/ }).first().click();
  await expect(filter).toHaveValue("not dst host 10.1.1.36");
  await settled(page);
  await page.getByRole("gridcell", { name: "10.1.1.4", exact: true }).first().click({ button: "right" });
  await page.getByRole("menuitem", { name: /Either end/ }).click();
  await expect(filter).toHaveValue("not dst host 10.1.1.36 and host 10.1.1.4");
  await page.keyboard.press("Control+z");
  await expect(filter).toHaveValue("not dst host 10.1.1.36");
  await page.keyboard.press("Control+Shift+z");
  await expect(filter).toHaveValue("not dst host 10.1.1.36 and host 10.1.1.4");
  await page.getByRole("button", { name: "Remove not dst host 10.1.1.36" }).click();
  await expect(filter).toHaveValue("host 10.1.1.4");
  await page.goBack();
  await expect(filter).toHaveValue("not dst host 10.1.1.36 and host 10.1.1.4");
});

test("a brush on the timeline becomes a time in the filter", async ({ page }) => {
  await openDemo(page);
  const box = await page.getByRole("img", { name: /^Timeline of bytes/ }).boundingBox();
  if (box === null) throw new Error("no timeline");
  await page.mouse.move(box.x + 300, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + 500, box.y + 70, { steps: 4 });
  await page.mouse.up();
  await expect(page.getByRole("combobox", { name: "Filter" })).toHaveValue(/^time in 2024-05-01T\d\d:\d\d(:\d\d(\.\d+)?)?\.\.2024-05-01T\d\d:\d\d/);
  await page.getByRole("button", { name: "All time" }).click();
  await expect(page.getByRole("combobox", { name: "Filter" })).toHaveValue("");
});

test("the address keeps filter, view and switches, never data", async ({ page }) => {
  await openDemo(page, "#v=1&view=top&filter=dst+port+443&unit=flows&o.by=dst_ip");
  await expect(page.getByRole("combobox", { name: "Filter" })).toHaveValue("dst port 443");
  await expect(page.getByRole("group", { name: "Unit" }).getByRole("button", { name: "Flows" })).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByRole("combobox", { name: "By", exact: true })).toHaveValue("dst_ip");
  expect(await page.evaluate(() => location.hash.length)).toBeLessThan(120);
});

test("a mistake in the filter is said under it, with a way out", async ({ page }) => {
  await openDemo(page);
  await page.getByRole("combobox", { name: "Filter" }).fill("denyed and tcp");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Use denied" }).click();
  await expect(page.getByRole("combobox", { name: "Filter" })).toHaveValue("denied and tcp");
});

test("the flow table scrolls, sorts and opens a tuple's life", async ({ page }) => {
  await openDemo(page, "#v=1&view=rows&filter=dst+port+22");
  const table = page.getByRole("grid", { name: "Flow table" });
  await page.getByRole("columnheader", { name: "Bytes →" }).getByRole("button").click();
  await settled(page);
  await table.focus();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const details = page.getByRole("complementary", { name: "Details of a tuple" });
  await expect(details).toContainText("byte ");
  await expect(details.locator("pre")).toContainText(",22,");
  await expect(details.locator("li").first()).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(details).toHaveCount(0);
});

test("the filtered flows are saved, and counted right", async ({ page }) => {
  await openDemo(page, "#v=1&view=rows&filter=denied");
  await page.getByRole("button", { name: "Files, copies and columns of the flow table" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
  expect(readFileSync(await download.path(), "utf8").trim().split("\n")).toHaveLength(4239);
});

test("flows saved as Parquet are those that the package reads", async ({ page }) => {
  test.skip(!hasCommand, "needs the package: make build");
  await openDemo(page, "#v=1&view=rows&filter=denied");
  await page.getByRole("button", { name: "Files, copies and columns of the flow table" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Parquet" }).click()]);
  expect(readBack(await download.path(), "denied")).toEqual({ rows: 4238, differ: [] });
});

test("pictures are saved as SVG and PNG, tables as Parquet", async ({ page }) => {
  await openDemo(page, "#v=1&view=matrix");
  const head: Record<string, string> = { SVG: "<svg", PNG: "\u0089PNG", Parquet: "PAR1" };
  for (const [format, start] of Object.entries(head)) {
    await page.getByRole("button", { name: "Files, copies and columns of matrix" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: format, exact: true }).click()]);
    expect(readFileSync(await download.path(), "latin1").startsWith(start)).toBe(true);
  }
});

test("the report stands alone", async ({ page, context }) => {
  await openDemo(page, "#v=1&filter=denied");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Command" }).fill("report");
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  const text = readFileSync(await download.path(), "utf8");
  const reader = await context.newPage();
  await reader.setContent(text);
  await expect(reader.getByRole("heading", { name: "Findings" })).toBeVisible();
  await expect(reader.locator("code").first()).toHaveText("denied");
  expect(text).not.toMatch(/<script|src=|href=/);
});

test("only one origin is ever asked, and it works without a network", async ({ page, context }) => {
  const asked = new Set<string>();
  context.on("request", (request) => asked.add(new URL(request.url()).protocol.startsWith("http") ? new URL(request.url()).origin : "own"));
  await page.goto("./");
  await page.waitForLoadState("networkidle");
  await openDemo(page);
  await context.setOffline(true);
  for (const title of ["Top", "Paths", "Rules", "Findings", "Flow table"]) await show(page, title);
  expect([...asked].filter((origin) => origin !== "own")).toEqual([new URL(page.url()).origin]);
});

test("denied traffic is said to have no bytes, and numbers follow the reader", async ({ page }) => {
  await openDemo(page);
  await expect(page.getByText("denied (no bytes)")).toBeVisible();
  await page.getByRole("button", { name: "Files, report, colours" }).click();
  await page.getByRole("button", { name: "1.234,5" }).click();
  await expect(foot(page)).toContainText("80.809 tuples");
});

test("everything has keys: list, palette, views", async ({ page }) => {
  await openDemo(page);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("]");
  await expect(page).toHaveURL(/view=top/);
  await page.keyboard.press("/");
  await expect(page.getByRole("combobox", { name: "Filter" })).toBeFocused();
});

test("a phone shows it without sideways scrolling", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openDemo(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("totals are the command line's", async ({ page }) => {
  test.skip(!hasCommand, "needs the command line: make build");
  await openDemo(page);
  const [summary] = answerOf("summary");
  await expect(page.getByRole("region", { name: "Totals" })).toContainText(Number(summary?.flows).toLocaleString("en"));
  await expect(page.getByRole("region", { name: "Totals" })).toContainText(Number(summary?.denied).toLocaleString("en"));
});
