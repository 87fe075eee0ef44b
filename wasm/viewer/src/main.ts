/** Starts the page, and lets whoever shows it hand it files. */

import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import "./panel.css";

const target = document.getElementById("app");
if (target !== null) mount(App, { target });

/** A server that has files to show says so in the page; see `build/package.mjs`. */
const list = document.querySelector<HTMLMetaElement>('meta[name="vnetflow-files"]')?.content;
if (list !== undefined) void import("./state/supplied").then(({ openAll, fromServer }) => openAll(fromServer(list)));

/** Only a page that was made inside another one, as a notebook does, takes files from it. */
if (location.href === "about:srcdoc") {
  addEventListener("message", ({ source, ports: [port] }) => {
    if (source === parent && port) void import("./state/supplied").then(({ openAll, fromNotebook }) => openAll(fromNotebook(port)));
  });
}
