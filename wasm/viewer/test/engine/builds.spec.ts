/** The builds: the single file from disk, and the static site without a network. */

import { expect, test } from "@playwright/test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { serve } from "../support/serve";

/** What a visit loads at once, compressed: all but the demo network's generator, the Parquet writer and the YAML reader. */
const MOST_PAGE_BYTES = 450_000;
const MOST_SINGLE_BYTES = 935_000;

test("the page and the single file stay small", () => {
  const names = readdirSync("dist/assets").filter((name) => !/demo|^src-|^js-yaml-/.test(name));
  const files = ["dist/index.html", ...names.map((name) => join("dist/assets", name))];
  const sizes = files.map((file) => gzipSync(readFileSync(file), { level: 9 }).length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_PAGE_BYTES);
  expect(statSync("dist-single/index.html").size).toBeLessThan(MOST_SINGLE_BYTES);
});

test("the single file opens from disk, makes the demo network, and asks nobody", async ({ page }) => {
  const asked: string[] = [];
  const refused: string[] = [];
  page.on("request", (request) => {
    const { protocol, href } = new URL(request.url());
    if (protocol === "http:" || protocol === "https:") asked.push(href);
  });
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) refused.push(message.text());
  });
  await page.goto(pathToFileURL(join(process.cwd(), "dist-single/index.html")).href);
  await page.getByRole("button", { name: /demo network/i }).first().click();
  await expect(page.locator("body")).toContainText(/80,\d\d\d/, { timeout: 60_000 });
  expect(asked).toEqual([]);
  expect(refused).toEqual([]);
});

test("the static site works without its server once it was visited", async ({ page, context }) => {
  const { origin, server } = await serve({ "": join(process.cwd(), "dist") });
  await page.goto(`${origin}/index.html`);
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (active?.state !== "activated") await new Promise((resolve) => active?.addEventListener("statechange", resolve, { once: true }));
  });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await context.setOffline(true);
  await page.reload();
  await page.getByRole("button", { name: /demo network/i }).first().click();
  await expect(page.locator("body")).toContainText(/80,\d\d\d/, { timeout: 60_000 });
});
