/** The single file's content policy: it may run what stands in it, known by hash, and ask nobody for anything. */

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const contents = (html: string, tag: string): string[] =>
  Array.from(html.matchAll(new RegExp(`<${tag}[^>]*>([\\s\\S]*?)</${tag}>`, "g")), ([, text = ""]) => text).filter((text) => text !== "");

/** Puts the policy into the page when everything else is in it. */
export function strictPolicy(folder: string): Plugin {
  return {
    name: "strict-policy",
    enforce: "post",
    closeBundle() {
      const path = join(folder, "index.html");
      // Links to files beside the page, which a single file has not.
      const html = readFileSync(path, "utf8").replace(/\s*<link rel="(?:manifest|icon)"[^>]*>/g, "");
      const [scripts, styles] = [contents(html, "script"), contents(html, "style")].map((texts) => texts.map(hash).join(" "));
      const policy = [
        "default-src 'none'",
        `script-src ${scripts} 'wasm-unsafe-eval'`,
        `style-src ${styles}`,
        "img-src data: blob:",
        "connect-src 'none'",
        "worker-src blob:",
        "base-uri 'none'",
        "form-action 'none'",
      ].join("; ");
      writeFileSync(path, html.replace(/(http-equiv="Content-Security-Policy"\s+content=")[^"]*"/, (_, start: string) => `${start}${policy}"`));
    },
  };
}
