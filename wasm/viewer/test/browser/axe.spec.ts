/** The page in both colours, by what a machine can tell of accessibility. */

import { expect, test } from "@playwright/test";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { openDemo } from "./support";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Found {
  id: string;
  nodes: { target: string[]; failureSummary?: string }[];
}

async function violations(page: import("@playwright/test").Page): Promise<string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: { run(): Promise<{ violations: Found[] }> } }).axe;
    return (await axe.run()).violations;
  });
  return found.flatMap(({ id, nodes }) => nodes.slice(0, 3).map((node) => `${id}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`));
}

for (const colorScheme of ["dark", "light"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("the empty page", async ({ page }) => {
      await page.goto("./");
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });

    for (const view of ["overview", "top", "rules", "rows", "graph", "host&o.ip=10.1.1.4", "why", "inputs"]) {
      test(`the view ${view}`, async ({ page }) => {
        await openDemo(page, `#v=1&view=${view}`);
        expect(await violations(page)).toEqual([]);
      });
    }
  });
}
