/** Takes the documentation's pictures of the demo network, and writes the page that shows every view: `make pictures`. */

import { expect, test, type Page } from "@playwright/test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDemo, settled } from "../browser/support";

const DOCS = fileURLToPath(new URL("../../../../docs/", import.meta.url));
const COLOURS = ["light", "dark"] as const;

/** A policy to judge the demo network by, as a file that is dropped. */
const POLICY = JSON.stringify({
  allow: [
    { name: "DNS", from: ["spoke1", "spoke2"], to: "hub", ports: 53 },
    { name: "web", from: ["public", "onprem"], to: "spoke1", ports: [80, 443] },
    { name: "API", from: "spoke2", to: "spoke1", ports: 8080, protocol: "tcp" },
  ],
});

/** What views are asked that ask first. */
const ASKED: Record<string, string> = {
  why: "&o.src=10.1.2.20&o.dst=10.1.1.4&o.port=22",
  host: "&o.ip=10.1.2.20",
  matrix: "&vantage=once",
  rows: "&filter=denied",
};

/** Pictures of a larger size for the texts. */
const LARGE: Record<string, string> = {
  "viewer-overview": "",
  "viewer-paths": "#v=1&view=sankey",
  "viewer-why": `#v=1&view=why${ASKED.why}`,
};

/** The answers that are two gestures from the drop, as the filter says them behind the second one. */
const ANSWERS: Record<string, string> = {
  "answer-ssh": "#v=1&view=denied&filter=dst+port+22",
  "answer-circuit": "#v=1&view=top&filter=src+group+onprem&vantage=once&o.by=src_ip",
  "answer-exposure": "#v=1&view=exposure",
};

/** The page as a small picture of that width. */
async function picture(page: Page, width: number): Promise<Buffer> {
  const png = (await page.screenshot()).toString("base64");
  // A page of its own: the viewer's would refuse the picture.
  const desk = await page.context().newPage();
  try {
    const text = await desk.evaluate(async ([png, width]) => {
      const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob(), { resizeWidth: width, resizeQuality: "high" });
      const canvas = new OffscreenCanvas(image.width, image.height);
      canvas.getContext("2d")?.drawImage(image, 0, 0);
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/webp", quality: 0.72 })).arrayBuffer());
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    }, [png, width] as const);
    return Buffer.from(text, "base64");
  } finally {
    await desk.close();
  }
}

interface Shown {
  id: string;
  title: string;
  about: string;
}

/** Every view, as its source tells of it: here they can't be imported, they hold components. */
function views(): Shown[] {
  const folder = fileURLToPath(new URL("../../src/views/", import.meta.url));
  const text = readdirSync(folder).filter((name) => name.endsWith(".ts")).map((name) => readFileSync(join(folder, name), "utf8")).join("");
  const analyses = text.matchAll(/id: "(\w+)",\s+title: "([^"]+)"[^}]*?about:\s+"((?:[^"\\]|\\.)+)"/g);
  const pages = text.matchAll(/page\("(\w+)", "([^"]+)", "[^"]*", "([^"]+)"/g);
  return [...pages, ...analyses].map(([, id = "", title = "", about = ""]) => ({ id, title, about: about.replaceAll('\\"', '"') }));
}

test("every view, in both colours", async ({ page }) => {
  mkdirSync(join(DOCS, "images/views"), { recursive: true });
  await openDemo(page);
  await page.locator("input[type=file]").first().setInputFiles({ name: "policy.json", mimeType: "application/json", buffer: Buffer.from(POLICY) });
  await settled(page);
  const go = async (hash: string, colorScheme: "light" | "dark"): Promise<void> => {
    await page.emulateMedia({ colorScheme });
    await page.evaluate((hash) => (location.hash = hash), hash);
    await settled(page);
    await page.mouse.move(5, 795);
    // Drawings that settle take a moment.
    await page.waitForTimeout(hash.includes("graph") ? 4000 : 300);
  };
  for (const [name, hash] of Object.entries(LARGE)) {
    await go(hash, "light");
    writeFileSync(join(DOCS, `images/${name}.webp`), await picture(page, 1280));
  }
  for (const [name, hash] of Object.entries(ANSWERS)) {
    await go(hash, "light");
    writeFileSync(join(DOCS, `images/${name}.webp`), await picture(page, 640));
  }
  const names = (await page.getByRole("navigation").getByRole("button").allInnerTexts()).map((name) => name.split("\n")[0]?.trim());
  const known = views();
  const shown = [...names, "Host"].flatMap((name) => known.filter(({ title }) => title === name));
  expect(shown.length).toBe(names.length + 1);
  const rows: string[] = [];
  for (const { id, title, about } of shown) {
    for (const colour of COLOURS) {
      await go(`#v=1&view=${id}${ASKED[id] ?? ""}`, colour);
      writeFileSync(join(DOCS, `images/views/${id}-${colour}.webp`), await picture(page, 640));
    }
    const images = COLOURS.map((colour) => `![${title}, ${colour}](images/views/${id}-${colour}.webp)`).join(" | ");
    rows.push(`## ${title}\n\n${about}\n\n| | |\n|---|---|\n| ${images} |\n`);
  }
  const head = "# Every view\n\nOf the demo network, light and dark. The sentences are those behind the “?” of each view; `make pictures` writes this page.\n";
  writeFileSync(join(DOCS, "views.md"), [head, ...rows].join("\n"));
});
