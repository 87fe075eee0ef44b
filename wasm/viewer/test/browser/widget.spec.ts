/** The widget: the real module of the notebook and the real page in its frame, with Python behind them. */

import { expect, test, type FrameLocator, type Page } from "@playwright/test";
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { answerOf, COMMAND, demoFolder, hasCommand } from "./support";

test.skip(!hasCommand, "needs the command line: make build");

const HOST = fileURLToPath(new URL("../../../../tests/python/widget_host.py", import.meta.url));
const NOTEBOOK = "http://notebook.test/";

interface Message {
  content: unknown;
  buffers: string[];
}

let kernel: ChildProcess | null = null;
test.afterEach(() => {
  kernel?.kill();
  kernel = null;
});

/** Opens a page like a notebook's, whose one cell shows the widget; a plain http origin, as of a notebook on another machine. */
async function notebook(page: Page, ...words: string[]): Promise<FrameLocator> {
  const started = spawn(join(dirname(COMMAND), "python"), [HOST, ...words], { stdio: ["pipe", "pipe", "inherit"] });
  kernel = started;
  const lines = createInterface({ input: started.stdout });
  const heard: ((line: string) => void)[] = [];
  lines.on("line", (line) => heard.shift()?.(line));
  const next = (): Promise<string> => new Promise((resolve) => heard.push(resolve));
  const { esm, height } = JSON.parse(await next()) as { esm: string; height: number };
  await page.exposeFunction("askKernel", async (wanted: unknown): Promise<Message> => {
    const answer = next();
    started.stdin.write(`${JSON.stringify(wanted)}\n`);
    return JSON.parse(await answer) as Message;
  });
  await page.route(`${NOTEBOOK}**`, (route) =>
    route.request().url().endsWith("widget.js")
      ? route.fulfill({ contentType: "text/javascript", body: esm })
      : route.fulfill({ contentType: "text/html", body: "<!doctype html><title>notebook</title><div id=cell></div>" }),
  );
  await page.goto(NOTEBOOK);
  await page.evaluate(async (height) => {
    const listeners = new Set<(content: unknown, buffers: DataView[]) => void>();
    const model = {
      get: () => height,
      on: (name: string, listener: (content: unknown, buffers: DataView[]) => void) => name === "msg:custom" && listeners.add(listener),
      off: (_: string, listener: (content: unknown, buffers: DataView[]) => void) => listeners.delete(listener),
      send: async (wanted: unknown) => {
        const { content, buffers } = await (Reflect.get(window, "askKernel") as (wanted: unknown) => Promise<{ content: unknown; buffers: string[] }>)(wanted);
        const views = buffers.map((text) => new DataView(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer));
        for (const listener of listeners) listener(content, views);
      },
    };
    const address = "/widget.js";
    const module = (await import(address)) as { default: { render(given: unknown): Promise<() => void> } };
    Reflect.set(window, "remove", await module.default.render({ model, el: document.getElementById("cell") }));
  }, height);
  return page.frameLocator("iframe");
}

async function numbersAre(frame: FrameLocator, ...options: string[]): Promise<void> {
  const [summary] = answerOf("summary", ...options);
  const shown = (name: string): string => Number(summary?.[name]).toLocaleString("en");
  await expect(frame.locator("footer[data-phase=done]")).toContainText(`${shown("tuples")} tuples`, { timeout: 60_000 });
  await expect(frame.locator(".totals")).toContainText(shown("flows"), { timeout: 20_000 });
  await expect(frame.locator(".totals")).toContainText(shown("denied"));
}

test("a folder's logs are shown, with the summary's totals, in a frame that reaches nothing", async ({ page }) => {
  const asked: string[] = [];
  const failures: string[] = [];
  page.on("request", (request) => /^https?:/.test(request.url()) && asked.push(request.url()));
  page.on("pageerror", (error) => failures.push(error.message));
  page.on("console", (message) => message.type() === "error" && failures.push(message.text()));
  const frame = await notebook(page, "files", demoFolder());
  await numbersAre(frame);
  await frame.getByRole("navigation").getByRole("button", { name: "Matrix" }).click();
  await expect(frame.getByRole("heading", { name: "Matrix" }).first()).toBeVisible();
  // The names for networks came with the logs, packed as these are.
  await expect(frame.getByRole("main").getByText("spoke1").first()).toBeVisible();
  await expect(frame.locator("footer")).not.toContainText("issue");
  await expect(page.locator("iframe")).toHaveJSProperty("clientHeight", 700);
  expect(asked.filter((url) => !url.startsWith(NOTEBOOK))).toEqual([]);
  expect(failures).toEqual([]);
  expect(await page.frames()[1]?.evaluate(() => self.origin)).toBe("null");
  await page.evaluate(() => (Reflect.get(window, "remove") as () => void)());
  await expect(page.locator("iframe")).toHaveCount(0);
});

test("a frame's tuples are shown", async ({ page }) => {
  const filter = "dst port 22 or denied";
  const frame = await notebook(page, "frame", demoFolder(), filter);
  await numbersAre(frame, "--filter", filter);
});
