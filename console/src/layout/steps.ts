/** Where the steps of an item stand: one after the other, or side by side. */

export interface Span {
  readonly name: string;
  readonly position: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
}

/** Steps that were at work at the same time are one column. */
export function columns<T extends Span>(steps: readonly T[]): T[][] {
  const found: T[][] = [];
  let ends = Number.NEGATIVE_INFINITY;
  for (const step of [...steps].sort((one, other) => one.position - other.position)) {
    const column = found.at(-1);
    const end = step.finishedAt === null ? Number.POSITIVE_INFINITY : Date.parse(step.finishedAt);
    // Beside another is what began before the first of them had ended.
    if (column !== undefined && Date.parse(step.startedAt) < ends) {
      column.push(step);
      ends = Math.min(ends, end);
    } else {
      found.push([step]);
      ends = end;
    }
  }
  return found;
}

export interface Place {
  /** Of the whole, 0 to 1. */
  readonly from: number;
  readonly share: number;
}

/** Where a step lies on a line from the first start to the last end, or to now. */
export function timeline(steps: readonly Span[], now: number): ReadonlyMap<string, Place> {
  const spans = steps.map((step) => {
    const from = Date.parse(step.startedAt);
    return {
      name: step.name,
      from,
      to: Math.max(from, step.finishedAt === null ? now : Date.parse(step.finishedAt)),
    };
  });
  const first = Math.min(...spans.map(({ from }) => from));
  const length = Math.max(1, Math.max(...spans.map(({ to }) => to)) - first);
  return new Map(
    spans.map(({ name, from, to }) => [
      name,
      { from: (from - first) / length, share: (to - from) / length },
    ]),
  );
}
