/** Two sets of logs: what differs is what `vnetflow diff A B` says, under any filter, and the status is a click. */

import { expect, test, type Page } from "@playwright/test";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answerOf, COMMAND, demoFolder, hasCommand, rowsOf, saved, settled } from "./support";

test.skip(!hasCommand, "needs the command line: make build");

let another: string | null = null;

/** Another hour of another such network. */
function otherFolder(): string {
  if (another === null) {
    another = join(mkdtempSync(join(tmpdir(), "vnetflow-other-")), "demo");
    execFileSync(COMMAND, ["demo", another, "--hours", "1", "--seed", "2", "--start", "2024-05-02T09:00Z"], { stdio: "ignore" });
  }
  return another;
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.(?:json|csv)$/.test(name)).map((name) => join(folder, name));
}

async function compared(page: Page): Promise<void> {
  await page.goto("./");
  await page.locator("input[type=file]").first().setInputFiles(filesUnder(demoFolder()));
  await settled(page);
  await page.locator("input[type=file]").last().setInputFiles(filesUnder(otherFolder()));
  await expect(page.locator(".zone")).toContainText("Compared with");
  await expect(page.locator(".zone")).not.toContainText("still reading", { timeout: 30_000 });
  await settled(page);
}

test("two sets are compared as on the command line, once and under a filter too", async ({ page }) => {
  await compared(page);
  await expect(page.getByRole("heading", { name: "Changes" }).first()).toBeVisible();
  const rows = rowsOf(await saved(page, "changes", "NDJSON"));
  expect(rows).toEqual(answerOf("diff", otherFolder()));
  expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(["added", "removed", "changed"]));

  await page.getByRole("combobox", { name: "Filter" }).fill("dst port 22 or dst port 443");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await page.locator("main").focus();
  await page.keyboard.press("v");
  await settled(page);
  await page.locator("label").filter({ hasText: /^By/ }).locator("select").selectOption("dst_port");
  await settled(page);
  expect(rowsOf(await saved(page, "changes", "NDJSON"))).toEqual(
    answerOf("diff", otherFolder(), "--by", "dst_port", "--filter", "dst port 22 or dst port 443", "--vantage", "once"),
  );
});

test("the others may be the ones before, names of networks count for both, and a click leaves one status", async ({ page }) => {
  await compared(page);
  await page.getByLabel("The others are from").selectOption("before");
  await page.locator("label").filter({ hasText: /^By/ }).locator("select").selectOption("src_group");
  await settled(page);
  const folder = demoFolder();
  const words = ["diff", otherFolder(), folder, "--by", "src_group", "--groups", join(folder, "groups.csv"), "--format", "json", "--quiet"];
  expect(rowsOf(await saved(page, "changes", "NDJSON"))).toEqual(JSON.parse(execFileSync(COMMAND, words, { encoding: "utf8" })));

  await page.locator("label").filter({ hasText: /^By/ }).locator("select").selectOption("pair");
  await settled(page);
  await page.getByRole("button", { name: /^added \d/ }).click();
  const added = rowsOf(await saved(page, "changes", "NDJSON"));
  expect(added.length).toBeGreaterThan(0);
  expect(added.every(({ status }) => status === "added")).toBe(true);
  await page.getByRole("button", { name: "Forget them" }).click();
  await expect(page.getByText("Drop other logs here")).toBeVisible();
});

test("others are dropped on their zone, and stay apart from what is open", async ({ page }) => {
  await page.goto("./#v=1&view=diff");
  await page.locator("input[type=file]").first().setInputFiles(filesUnder(demoFolder()));
  await settled(page);
  const tuples = await page.locator("footer").innerText();
  const box = await page.locator(".zone").boundingBox();
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [otherFolder()], dragOperationsMask: 1 };
  const at = { x: (box?.x ?? 0) + 200, y: (box?.y ?? 0) + 12 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) await session.send("Input.dispatchDragEvent", { type, ...at, data });
  await expect(page.locator(".zone")).toContainText("Compared with");
  await settled(page);
  expect((await page.locator("footer").innerText()).split(" tuples")[0]).toBe(tuples.split(" tuples")[0]);
  await expect(page.getByText("Drop logs, folders, archives, names or policies")).toBeHidden();
});
