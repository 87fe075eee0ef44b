/** How the pictures in the documentation are taken: from the page as its tests open it. */

import { defineConfig } from "@playwright/test";
import { fileURLToPath } from "node:url";
import browser from "../../playwright.config";

const viewer = fileURLToPath(new URL("../../", import.meta.url));
const [server] = [browser.webServer ?? []].flat();
if (server === undefined) throw new Error("the browser tests start no server");

export default defineConfig({
  ...browser,
  testDir: ".",
  timeout: 600_000,
  outputDir: "../../node_modules/.pictures",
  webServer: { ...server, cwd: viewer },
});
