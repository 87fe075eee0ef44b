/** All views, in the order of the navigation. */

import type { Component } from "svelte";
import Graph from "./Graph.svelte";
import Diff from "./Diff.svelte";
import Host from "./Host.svelte";
import Inputs from "./Inputs.svelte";
import Issues from "./Issues.svelte";
import Overview from "./Overview.svelte";
import Rows from "./Rows.svelte";
import Timeline from "./Timeline.svelte";
import { anomalies } from "./anomalies";
import { beacons } from "./beacons";
import { check } from "./check";
import { conversations } from "./conversations";
import { coverage } from "./coverage";
import { denied } from "./denied";
import { encryption } from "./encryption";
import { endpoints } from "./endpoints";
import { exposure } from "./exposure";
import { findings } from "./findings";
import { matrix } from "./matrix";
import { oneWay } from "./one_way";
import { ports } from "./ports";
import { rules } from "./rules";
import { sankey } from "./sankey";
import { scans } from "./scans";
import { sessions } from "./sessions";
import { top } from "./top";
import type { Options, SectionName, View } from "./view";
import { why } from "./why";

/** A component may take what it is shown for, or nothing. */
type Shown = Component<{ view: View; options: Options }> | Component<Record<string, never>>;

function page(id: string, title: string, section: SectionName, about: string, component: Shown): View {
  return { id, title, section, about, analysis: null, columns: () => [], component: component as View["component"] };
}

export const VIEWS: readonly View[] = [
  page("overview", "Overview", "", "The first answers, all narrowed by the filter.", Overview),
  top,
  conversations,
  endpoints,
  ports,
  matrix,
  sankey,
  page("graph", "Graph", "Traffic", "Who talks to whom as a drawing that settles.", Graph),
  rules,
  denied,
  why,
  check,
  findings,
  exposure,
  scans,
  beacons,
  oneWay,
  encryption,
  page("timeline", "Timeline", "Time", "How much, when.", Timeline),
  sessions,
  coverage,
  anomalies,
  page("diff", "Changes", "Time", "What changed between two times or two drops.", Diff),
  page("rows", "Flow table", "Data", "Every tuple that passes the filter.", Rows),
  page("issues", "Issues", "Data", "What could not be read, and where.", Issues),
  page("inputs", "Files", "Data", "What was dropped, and what it is.", Inputs),
  { ...page("host", "Host", "", "Everything about one address.", Host), isHidden: true },
];

export function viewOf(id: string): View {
  return VIEWS.find((view) => view.id === id) ?? (VIEWS[0] as View);
}
