/** Everything one can do, for the palette and the keyboard: a name, keys, a deed. */

import { VIEWS } from "../views";
import { app } from "./app.svelte";
import { copyText } from "./menu.svelte";
import { settings, type Theme } from "./settings.svelte";
import { UNITS } from "./unit";

export interface Command {
  title: string;
  section: string;
  /** As `KeyboardEvent.key` has it, with `ctrl+` and `shift+` before; shown as it is. */
  keys?: string;
  run: () => void;
}

/** What parts of the page offer to the keyboard. */
export const page: { focusFilter: () => void; openFiles: () => void; openFolder: () => void; compare: () => void; toggleHelp: () => void; togglePalette: () => void; report: () => void; escape: () => void } = {
  focusFilter: () => undefined,
  openFiles: () => undefined,
  openFolder: () => undefined,
  compare: () => undefined,
  toggleHelp: () => undefined,
  togglePalette: () => undefined,
  report: () => undefined,
  escape: () => undefined,
};

const THEMES: Theme[] = ["system", "light", "dark"];

function step(by: number): void {
  const shown = VIEWS.filter((view) => !view.isHidden);
  const at = shown.findIndex((view) => view.id === app.kept.view);
  const next = shown[(at + by + shown.length) % shown.length];
  if (next) app.show(next.id);
}

/** All commands, in the order of the help. */
export function commands(): Command[] {
  return [
    { title: "Go to the filter", section: "Filter", keys: "/", run: () => page.focusFilter() },
    { title: "Clear the filter", section: "Filter", keys: "x", run: () => app.change({ filter: "" }) },
    { title: "Undo", section: "Filter", keys: "ctrl+z", run: () => app.undo() },
    { title: "Redo", section: "Filter", keys: "ctrl+shift+z", run: () => app.redo() },
    { title: "All time", section: "Filter", keys: "a", run: () => app.setWindow({ from: null, to: null }) },
    { title: "Command palette", section: "Page", keys: "ctrl+k", run: () => page.togglePalette() },
    { title: "Keyboard list", section: "Page", keys: "?", run: () => page.toggleHelp() },
    { title: "Previous view", section: "Page", keys: "[", run: () => step(-1) },
    { title: "Next view", section: "Page", keys: "]", run: () => step(1) },
    { title: "Open files", section: "Page", keys: "o", run: () => page.openFiles() },
    { title: "Open a folder", section: "Page", keys: "shift+O", run: () => page.openFolder() },
    { title: "Compare with other files", section: "Page", keys: "c", run: () => (app.isOpen ? page.compare() : page.openFiles()) },
    { title: "Copy the address of this view", section: "Page", keys: "y", run: () => void copyText(location.href) },
    { title: "Save a report (HTML)", section: "Page", run: () => page.report() },
    { title: "Print", section: "Page", run: () => print() },
    { title: "Forget all files", section: "Page", run: () => void app.close() },
    { title: "Next unit", section: "Switches", keys: "u", run: nextUnit },
    { title: "Count a flow once, or at every NIC", section: "Switches", keys: "v", run: () => app.change({ vantage: app.kept.vantage === "all" ? "once" : "all" }) },
    { title: "UTC or local time", section: "Switches", keys: "z", run: () => app.change({ utc: !app.kept.utc }) },
    { title: "Dark, light or the system's colours", section: "Switches", keys: "t", run: () => settings.setTheme(THEMES[(THEMES.indexOf(settings.theme) + 1) % 3] ?? "system") },
    ...VIEWS.filter((view) => !view.isHidden).map((view, at): Command => ({ title: view.title, section: "Views", ...(at < 9 ? { keys: String(at + 1) } : {}), run: () => app.show(view.id) })),
  ];
}

function nextUnit(): void {
  const at = UNITS.findIndex(({ unit }) => unit === app.kept.unit);
  const next = UNITS[(at + 1) % UNITS.length];
  if (next) app.setUnit(next.unit);
}

/** Keys that tables and pictures have. */
export const TABLE_KEYS: [string, string][] = [
  ["j k ↓ ↑", "next and previous row"],
  ["h l ← →", "columns"],
  ["Page, Home, End", "far"],
  ["Enter", "open the row, or the menu on the value"],
  ["Space, m", "menu on the value"],
  ["s", "sort by the column"],
  ["Esc", "close what is open"],
  ["drag", "on a timeline: choose a time"],
  ["right click", "on any value: only this, not this, either end, count by, copy"],
];

/** Runs what a key stands for, unless one is typing. */
export function onKey(event: KeyboardEvent): void {
  const isTyping = event.target instanceof Element && event.target.closest("input, textarea, select, dialog[open]") !== null;
  if (event.key === "Escape") page.escape();
  const isCommand = event.ctrlKey || event.metaKey;
  const keys = `${isCommand ? "ctrl+" : ""}${event.shiftKey && /^[a-z]$/i.test(event.key) ? "shift+" : ""}${isCommand ? event.key.toLowerCase() : event.key}`;
  if (event.altKey || (isTyping && keys !== "ctrl+k")) return;
  const command = commands().find((one) => one.keys === keys);
  if (!command || (!app.isOpen && command.section !== "Page")) return;
  event.preventDefault();
  command.run();
}
