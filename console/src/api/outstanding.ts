import type { Run } from "./types";

/** Items that wait for a worker or are at work: neither ended nor suspended. */
export function outstanding({ counters, ended }: Run): number {
  return Math.max(0, counters.scheduled - ended - counters.suspended);
}
