/** How the page is tested: the built site in real Chromium, one origin, no network. */

import { defineConfig } from "@playwright/test";

const PORT = 4187;

export default defineConfig({
  testDir: "test/browser",
  timeout: 90_000,
  workers: 1,
  outputDir: "node_modules/.playwright",
  use: {
    baseURL: `http://127.0.0.1:${PORT}/`,
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    },
  },
  webServer: { command: `npx vite build && npx vite preview --host 127.0.0.1 --port ${PORT} --strictPort`, port: PORT, timeout: 120_000 },
});
