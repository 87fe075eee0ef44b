/** The view of `coverage`: which NICs and hours are there, what is missing, what such logs never show. */

import { drawCoverage, coverageHeight } from "../draw/coverage";
import type { View } from "./view";

export const coverage: View = {
  id: "coverage",
  title: "Coverage",
  section: "Time",
  analysis: "coverage",
  about:
    "Tuples of each NIC in each hour. An empty field is an hour without a tuple; the longest gap is the longest run of minutes without one: a question, no proof of loss. The notes say what such logs never show.",
  columns: () => ["mac", "hour", "records", "tuples", "gap_minutes", "first_time", "last_time"],
  bars: ["tuples", "gap_minutes"],
  picture: (scene) => ({ draw: drawCoverage(scene), height: coverageHeight(scene.table), label: "NICs by hours, darker where more was logged; the table below has the numbers" }),
};
