/** Which worker completes which answer. */

import { expect, test } from "vitest";
import { leadersOf } from "../../src/engine/questions";

const questions = (...analyses: string[]) => analyses.map((analysis) => ({ analysis, parameters: {} }));

test("the most work is shared among all workers", () => {
  expect(leadersOf(questions("exposure", "beacons", "findings"), 2)).toEqual([1, 1, 0]);
  expect(leadersOf(questions("summary", "top", "timeline", "rules"), 2)).toEqual([0, 1, 0, 1]);
  expect(leadersOf(questions("summary", "findings"), 8)).toEqual([1, 0]);
});

test("who narrows an answer completes the least", () => {
  expect(leadersOf(questions("conversations", "denied", "summary"), 2, 0)).toEqual([1, 1, 0]);
  expect(leadersOf(questions("conversations", "denied", "summary"), 2, 1)).toEqual([0, 0, 1]);
});

test("a single question and a single worker find each other", () => {
  expect(leadersOf(questions("findings"), 4)).toEqual([0]);
  expect(leadersOf(questions("findings", "summary", "beacons"), 1)).toEqual([0, 0, 0]);
});
