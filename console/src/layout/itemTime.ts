/** What became of an item's time: it waited for its turn, was at work, or waited within a step. */

interface Span {
  readonly kind: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
}

export interface Times {
  readonly scheduledAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export interface Spent {
  /** Seconds, each. */
  readonly queued: number;
  readonly worked: number;
  readonly waited: number;
}

/** In these it holds no worker and no slot. */
const WAITS: ReadonlySet<string> = new Set(["sleep", "suspend", "event", "child", "deferred"]);

export function spent(item: Times, steps: readonly Span[], now: number): Spent {
  const scheduled = Date.parse(item.scheduledAt);
  const end = item.finishedAt === null ? now : Date.parse(item.finishedAt);
  // The item tells of its last delivery; what its first step remembers may be older.
  const starts = steps.map((step) => Date.parse(step.startedAt));
  if (item.startedAt !== null) starts.push(Date.parse(item.startedAt));
  if (starts.length === 0) return { queued: seconds(end - scheduled), worked: 0, waited: 0 };
  const start = Math.max(scheduled, Math.min(...starts));
  const waited = covered(
    steps
      .filter((step) => WAITS.has(step.kind))
      .map((step) => [
        Date.parse(step.startedAt),
        step.finishedAt === null ? end : Date.parse(step.finishedAt),
      ]),
  );
  return {
    queued: seconds(start - scheduled),
    worked: seconds(end - start - waited),
    waited: seconds(waited),
  };
}

/** What the spans cover together: side by side, time passes once. */
function covered(spans: readonly (readonly [number, number])[]): number {
  let whole = 0;
  let reached = Number.NEGATIVE_INFINITY;
  for (const [from, to] of spans.toSorted(([one], [other]) => one - other)) {
    whole += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return whole;
}

function seconds(milliseconds: number): number {
  return Math.max(0, milliseconds) / 1000;
}
