/** The one menu on values: what was pointed at, and what can be done with it. */

import { app } from "./app.svelte";
import { cellText } from "./cell_text";
import { shownAs } from "./columns";
import { allOf, eitherEnd, opposite, termOf, type ValueOf } from "./filter_text";

/** What the menu is about: the value pointed at first, then those that stand with it. */
export interface Target {
  values: ValueOf[];
  /** Values that say together which traffic this is, such as a row's. */
  together?: ValueOf[];
  time?: number | null;
  /** A whole filter that stands in the row. */
  filter?: string | null;
  open?: { label: string; run: () => void };
}

export interface Item {
  label: string;
  /** The filter text that it leads to, shown beside it. */
  detail?: string;
  run: () => void;
}

export interface Section {
  title: string;
  items: Item[];
}

class Menu {
  target = $state.raw<Target | null>(null);
  x = $state(0);
  y = $state(0);
  #before: HTMLElement | null = null;

  open(target: Target, x: number, y: number): void {
    this.#before = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    [this.target, this.x, this.y] = [target, x, y];
  }

  close(): void {
    if (this.target === null) return;
    this.target = null;
    this.#before?.focus({ preventScroll: true });
  }
}

export const menu = new Menu();

/** What `top` can count by, of the columns one can point at. */
const COUNTABLE = new Set([
  "src_ip", "dst_ip", "src_port", "dst_port", "protocol", "direction", "action", "state", "encryption", "rule",
  "rule_origin", "acl_id", "mac", "src_group", "dst_group", "flow_log_version",
]);

/** All that can be done with what was pointed at. */
export function sectionsOf(target: Target): Section[] {
  const sections: Section[] = [];
  if (target.open) sections.push({ title: "", items: [target.open] });
  if (target.filter) {
    const filter = target.filter;
    sections.push({
      title: "Finding",
      items: [
        { label: "Show these flows", detail: filter, run: () => app.narrow(filter) },
        { label: "Copy the filter", run: () => void copyText(filter) },
      ],
    });
  }
  for (const value of target.values) sections.push({ title: titleOf(value), items: itemsOf(value) });
  const together = target.together && target.together.length > 1 ? allOf(target.together, app.hasGroups) : null;
  if (together !== null) {
    sections.push({
      title: "Together",
      items: [
        { label: "Only these", detail: together, run: () => app.narrow(together) },
        { label: "Not these", detail: opposite(together), run: () => app.narrow(opposite(together)) },
        ...whyItems(target.together ?? []),
      ],
    });
  }
  const { time } = target;
  if (time !== null && time !== undefined) sections.push({ title: app.format.time(time), items: timeItems(time) });
  return sections.filter((section) => section.items.length > 0);
}

function titleOf({ field, value }: ValueOf): string {
  const name = field === "verdict" ? "action" : field;
  return `${shownAs(name).label} ${cellText(app.format, name, value)}`;
}

function itemsOf(of: ValueOf): Item[] {
  const items: Item[] = [];
  const term = termOf(of, app.hasGroups);
  const either = eitherEnd(of, app.hasGroups);
  if (term !== null) {
    items.push({ label: "Only this", detail: term, run: () => app.narrow(term) });
    items.push({ label: "Not this", detail: opposite(term), run: () => app.narrow(opposite(term)) });
  }
  if (either !== null) items.push({ label: "Either end", detail: either, run: () => app.narrow(either) });
  const network = networkOf(of);
  if (network !== null) items.push({ label: "Its network", detail: network, run: () => app.narrow(network) });
  if (COUNTABLE.has(of.field)) {
    items.push({ label: `Count by ${shownAs(of.field).label.toLowerCase()}`, run: () => app.show("top", { by: of.field }) });
  }
  if (/(^|_)ip$/.test(of.field) && of.value !== null) {
    items.push({ label: "Everything about this host", run: () => app.show("host", { ip: String(of.value) }) });
  }
  if (of.value !== null) items.push({ label: "Copy", run: () => void copyText(String(of.value)) });
  return items;
}

function networkOf({ field, value }: ValueOf): string | null {
  const parts = typeof value === "string" ? /^(\d+\.\d+\.\d+)\.\d+$/.exec(value) : null;
  if (parts === null || !/^(src_|dst_)?ip$/.test(field)) return null;
  return `${field === "ip" ? "" : `${field.slice(0, 3)} `}net ${parts[1]}.0/24`;
}

function whyItems(values: ValueOf[]): Item[] {
  const text = (field: string): string => String(values.find((one) => one.field === field)?.value ?? "");
  const [src, dst, port] = [text("src_ip"), text("dst_ip"), text("dst_port")];
  if (src === "" || dst === "") return [];
  return [{ label: "Why can or can't it?", run: () => app.show("why", { src, dst, port }) }];
}

function timeItems(time: number): Item[] {
  const { from, to } = app.window;
  return [
    { label: "Set time from", run: () => app.setWindow({ from: time, to }) },
    { label: "Set time to", run: () => app.setWindow({ from, to: time + 1 }) },
    { label: "Five minutes around", run: () => app.setWindow({ from: time - 150_000, to: time + 150_000 }) },
    { label: "Copy", run: () => void copyText(new Date(time).toISOString()) },
  ];
}

/** Puts text on the clipboard, and says so. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    app.notice = "copied";
  } catch {
    app.notice = "the browser did not let the page copy";
  }
}
