/**
 * Puts the built viewer into the Python package: the site, which `vnetflow view` serves, and the single page, which notebooks show.
 *
 * The site there is no app to install: each run has an address of its own, so nothing may stay behind in the browser. And it
 * asks its server for the files to show.
 */

import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = here("../../../python/vnetflow/viewer_site");
const LEFT_OUT = /(?:manifest\.webmanifest|offline\.js|register\.js)$/;

rmSync(target, { recursive: true, force: true });
cpSync(here("../dist"), target, { recursive: true, filter: (path) => !LEFT_OUT.test(path) });
const html = readFileSync(here("../dist/index.html"), "utf8")
  .replace(/\s*<link rel="manifest"[^>]*>/, "")
  .replace(/\s*<script type="module" src="\.\/register\.js"><\/script>/, "")
  .replace("</title>", '</title>\n    <meta name="vnetflow-files" content="./files.json" />');
if (!html.includes("vnetflow-files") || html.includes("register.js")) throw new Error("the page is not as it was: look at its head");
writeFileSync(`${target}/index.html`, html);
cpSync(here("../dist-single/index.html"), `${target}/single.html`);
