/** Makes the static site installable and independent of the network: a service worker that keeps every file of one build. */

import { createHash } from "node:crypto";
import type { Plugin } from "vite";

const MANIFEST = {
  name: "vnetflow",
  description: "Reads Azure flow logs in the browser; nothing leaves the page",
  start_url: "./index.html",
  scope: "./",
  display: "standalone",
  background_color: "#12161b",
  theme_color: "#12161b",
  icons: [{ src: "./icon.svg", sizes: "any", type: "image/svg+xml", purpose: "any" }],
};

/** Answers from what was kept at the first visit, and keeps nothing else. */
const worker = (name: string, files: string[]): string => `
const NAME = ${JSON.stringify(name)};
self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(${JSON.stringify(files)})).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith("vnetflow-") && name !== NAME).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || new URL(event.request.url).origin !== self.location.origin) return;
  event.respondWith(caches.match(event.request, { ignoreSearch: true }).then((kept) => kept ?? fetch(event.request)));
});
`;

/** Writes the manifest and the service worker of a build, and the script that registers it. */
export function offline(): Plugin {
  return {
    name: "offline",
    enforce: "post",
    transformIndexHtml: {
      order: "post",
      handler: (html) =>
        html.replace("</head>", '  <link rel="manifest" href="./manifest.webmanifest" />\n    <script type="module" src="./register.js"></script>\n  </head>'),
    },
    generateBundle(_, bundle) {
      const hash = createHash("sha256");
      for (const name of Object.keys(bundle).sort()) hash.update(name);
      const files = [...new Set(["./", "index.html", ...Object.keys(bundle), "icon.svg", "manifest.webmanifest", "register.js"])];
      const register = 'if ("serviceWorker" in navigator) navigator.serviceWorker.register("./offline.js").catch(() => undefined);\n';
      this.emitFile({ type: "asset", fileName: "manifest.webmanifest", source: JSON.stringify(MANIFEST) });
      this.emitFile({ type: "asset", fileName: "register.js", source: register });
      this.emitFile({ type: "asset", fileName: "offline.js", source: worker(`vnetflow-${hash.digest("hex").slice(0, 16)}`, files) });
    },
  };
}
