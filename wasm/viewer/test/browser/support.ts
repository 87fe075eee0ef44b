/** What the tests of the page share: the demo network opened, the command line's answers, files that the page saves. */

import { expect, type Page } from "@playwright/test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
export const COMMAND = process.env.VNETFLOW ?? join(ROOT, ".venv/bin/vnetflow");

export type Row = Record<string, unknown>;

/** Whether the command line is built, to compare with. */
export const hasCommand = existsSync(COMMAND);

let folder: string | null = null;

/** The demo network's logs as files, four hours as in the page. */
export function demoFolder(): string {
  if (folder === null) {
    folder = join(mkdtempSync(join(tmpdir(), "vnetflow-demo-")), "demo");
    execFileSync(COMMAND, ["demo", folder, "--hours", "4"], { stdio: "ignore" });
  }
  return folder;
}

/** What the command line answers. */
export function answerOf(name: string, ...options: string[]): Row[] {
  const folder = demoFolder();
  const words = [name, folder, "--groups", join(folder, "groups.csv"), "--format", "json", "--quiet", ...options];
  const answer: unknown = JSON.parse(execFileSync(COMMAND, words, { encoding: "utf8", maxBuffer: 1 << 30 }));
  return (Array.isArray(answer) ? answer : [answer]) as Row[];
}

/** Opens the page, and the demo network in it. */
export async function openDemo(page: Page, hash = ""): Promise<void> {
  await page.goto(`./${hash}`);
  await page.getByRole("button", { name: "Explore the demo network" }).click();
  await settled(page);
}

/** Waits until everything is read. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator("footer[data-phase=done]")).toBeVisible({ timeout: 60_000 });
  await page.waitForTimeout(400);
  await expect(page.locator("[aria-busy=true]")).toHaveCount(0, { timeout: 20_000 });
  await expect(page.locator(".stale")).toHaveCount(0, { timeout: 20_000 });
}

/** Goes to a view by the navigation. */
export async function show(page: Page, title: string): Promise<void> {
  await page.getByRole("navigation").getByRole("button", { name: title }).first().click();
  await settled(page);
}

/** Saves a panel's table from its menu. */
export async function saved(page: Page, panel: string, format: string): Promise<string> {
  await page.getByRole("button", { name: `Files, copies and columns of ${panel}` }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("dialog").locator(".line").first().getByRole("button", { name: format, exact: true }).click()]);
  return readFileSync(await download.path(), "utf8");
}

export function rowsOf(ndjson: string): Row[] {
  return ndjson.trim() === "" ? [] : ndjson.trim().split("\n").map((line) => JSON.parse(line) as Row);
}

/** Reads saved flows with Polars: how many rows there are, and the columns that differ from those of the logs under a filter. */
export function readBack(path: string, filter: string): { rows: number; differ: string[] } {
  const script = `
import json, sys
import polars as pl, vnetflow as vf
path, folder, filter = sys.argv[1:]
saved = pl.read_parquet(path)
logs = vf.read(folder, saved.columns, filter=filter)
def plain(table):
    texts = table.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String), pl.selectors.temporal().dt.epoch("ms"))
    return texts.with_columns(pl.selectors.integer().cast(pl.UInt64)).sort(pl.all(), nulls_last=True)
saved_rows, log_rows = plain(saved), plain(logs)
differ = [name for name in saved.columns if not saved_rows[name].equals(log_rows[name], check_dtypes=True, null_equal=True)]
print(json.dumps({"rows": saved.height, "differ": differ}))
`;
  const output = execFileSync(join(dirname(COMMAND), "python"), ["-c", script, path, demoFolder(), filter], { encoding: "utf8" });
  return JSON.parse(output) as { rows: number; differ: string[] };
}
