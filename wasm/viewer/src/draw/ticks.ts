/** Where the lines of a scale stand: round amounts and round times. */

import type { Format } from "../state/format";

/** Round steps from 0 to at least `most`: 1, 2, 2.5 or 5 times a power of ten. */
export function amountTicks(most: number, count: number): number[] {
  if (!(most > 0)) return [0];
  const rough = most / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, number) => number * step);
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS = [
  SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR,
  6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY, 365 * DAY,
];

/** Round times in the shown zone between two times, with their texts. */
export function timeTicks(from: number, to: number, count: number, format: Format): { time: number; text: string }[] {
  const step = STEPS.find((size) => (to - from) / size <= Math.max(1, count)) ?? 365 * DAY;
  const ticks: { time: number; text: string }[] = [];
  const shift = format.offset(from);
  for (let time = Math.ceil((from - shift) / step) * step + shift; time <= to; time += step) {
    const isMidnight = (time - format.offset(time)) % DAY === 0;
    const text = step >= DAY || isMidnight ? format.day(time) : format.clock(time, step < MINUTE ? "second" : "minute");
    ticks.push({ time, text });
  }
  return ticks;
}

const BINS: [string, number][] = [
  ["1s", SECOND], ["5s", 5 * SECOND], ["10s", 10 * SECOND], ["30s", 30 * SECOND], ["1m", MINUTE], ["2m", 2 * MINUTE],
  ["5m", 5 * MINUTE], ["10m", 10 * MINUTE], ["15m", 15 * MINUTE], ["30m", 30 * MINUTE], ["1h", HOUR], ["2h", 2 * HOUR],
  ["6h", 6 * HOUR], ["12h", 12 * HOUR], ["1d", DAY], ["7d", 7 * DAY],
];

/** The finest whole step, as the analyses take it, with no more than `most` bins. */
export function binFor(from: number, to: number, most: number): { every: string; milliseconds: number } {
  const [every, milliseconds] = BINS.find(([, size]) => (to - from) / size <= most) ?? ["7d", 7 * DAY];
  return { every, milliseconds };
}

/** A step's length, as the analyses write it. */
export function stepLength(every: string): number {
  return BINS.find(([name]) => name === every)?.[1] ?? MINUTE;
}
