/** `vnetflow view`: the real command serves the real page, which shows what the command line counts; nobody else gets anything. */

import { expect, test } from "@playwright/test";
import { spawn, type ChildProcess } from "node:child_process";
import { request } from "node:http";
import { join } from "node:path";
import { answerOf, COMMAND, demoFolder, hasCommand, rowsOf, saved, settled, show } from "./support";

test.skip(!hasCommand, "needs the command line: make build");

let running: ChildProcess | null = null;

/** Starts the command; resolves with the address that it prints. */
async function view(...words: string[]): Promise<string> {
  const process = spawn(COMMAND, ["view", ...words, "--no-browser"]);
  running = process;
  return new Promise((resolve, reject) => {
    let told = "";
    process.stdout.on("data", (text: Buffer) => resolve(text.toString().trim()));
    process.stderr.on("data", (text: Buffer) => (told += text.toString()));
    process.on("exit", (code) => reject(new Error(`ended with ${code}: ${told}`)));
  });
}

/** Presses Ctrl-C; resolves with the exit code. */
async function stop(): Promise<number | null> {
  const process = running;
  running = null;
  if (process === null || process.exitCode !== null) return process?.exitCode ?? null;
  const ended = new Promise<number | null>((resolve) => process.on("exit", resolve));
  process.kill("SIGINT");
  return ended;
}

test.afterEach(stop);

/** Status of a request as another program or page would send it. */
async function statusOf(url: string, path: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

test("the page opens with the files, and its totals are the summary's", async ({ page }) => {
  const folder = demoFolder();
  const failures: string[] = [];
  page.on("console", (message) => message.type() === "error" && failures.push(message.text()));
  page.on("pageerror", (error) => failures.push(error.message));
  const url = await view(folder, "--groups", join(folder, "groups.csv"));
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(url);
  const [summary] = answerOf("summary");
  await expect(page.locator("footer")).toContainText(`${Number(summary?.tuples).toLocaleString("en")} tuples`, { timeout: 60_000 });
  await settled(page);
  await expect(page.locator(".totals")).toContainText(Number(summary?.flows).toLocaleString("en"));
  await expect(page.locator(".totals")).toContainText(Number(summary?.denied).toLocaleString("en"));
  await show(page, "Matrix");
  expect(rowsOf(await saved(page, "matrix", "NDJSON"))).toEqual(answerOf("matrix"));
  expect(asked.filter((one) => !one.startsWith(url) && !/^(?:blob|data):/.test(one))).toEqual([]);
  expect(failures).toEqual([]);
  expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
});

test("it opens with a filter", async ({ page }) => {
  const filter = "dst port 22 and denied";
  await page.goto(await view(demoFolder(), "--filter", filter));
  await settled(page);
  await expect(page.getByRole("combobox", { name: "Filter" })).toHaveValue(filter);
  const [summary] = answerOf("summary", "--filter", filter);
  await expect(page.locator(".totals")).toContainText(Number(summary?.denied).toLocaleString("en"));
});

test("without a source it is the empty page", async ({ page }) => {
  await page.goto(await view());
  await expect(page.getByRole("button", { name: "Explore the demo network" })).toBeVisible();
});

test("only its own page on this machine is answered, and only what is listed", async () => {
  const url = await view(demoFolder());
  const { pathname } = new URL(url);
  const file = `${pathname}files/0`;
  expect(await statusOf(url, file)).toBe(200);
  expect(await statusOf(url, file, { Host: "rebound.example" })).toBe(403);
  expect(await statusOf(url, file, { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "empty" })).toBe(403);
  expect(await statusOf(url, file, { "Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "script" })).toBe(403);
  expect(await statusOf(url, "/files/0")).toBe(404);
  expect(await statusOf(url, `/${"A".repeat(32)}/files/0`)).toBe(404);
  for (const path of ["../serving.py", "..%2fserving.py", "assets/../../serving.py", "files/../../serving.py", "files/99999", "/etc/passwd"]) {
    expect(await statusOf(url, pathname + path), path).toBe(404);
  }
});

test("another site's page can't read or frame it", async ({ page, baseURL }) => {
  const url = await view(demoFolder());
  await page.goto(baseURL ?? "");
  const found = await page.evaluate(async (url) => {
    const frame = document.createElement("iframe");
    frame.src = url;
    document.body.append(frame);
    return fetch(`${url}files/0`).then((response) => response.status, () => "refused");
  }, url);
  expect(found).toBe("refused");
});

test("Ctrl-C ends it", async () => {
  await view(demoFolder());
  expect(await stop()).toBe(0);
});
