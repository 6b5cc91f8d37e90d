/** How far a run is, and when it will be through. */

export interface Standing {
  readonly toProcess: number | null;
  readonly exact: boolean;
  readonly ended: number;
  readonly suspended: number;
  /** For which it ran; what it was paused for does not count. */
  readonly activeSeconds: number;
  readonly running: boolean;
  /** What the items of the last while came to; null: nobody measured. */
  readonly itemsPerSecond: number | null;
}

export type Eta =
  | { readonly kind: "known"; readonly seconds: number }
  | { readonly kind: "unknown"; readonly why: "total" | "pace" | "waits" | "still" };

/** From active time: a pause must not make a run look slow. The recent pace is preferred. */
export function eta(run: Standing): Eta {
  if (!run.running) return { kind: "unknown", why: "still" };
  if (run.toProcess === null) return { kind: "unknown", why: "total" };
  const left = Math.max(0, run.toProcess - run.ended - run.suspended);
  // Nobody knows how long those wait: for a person, or until their partition has room.
  if (left === 0 && run.suspended > 0) return { kind: "unknown", why: "waits" };
  if (left === 0) return { kind: "known", seconds: 0 };
  const mean = run.activeSeconds > 0 ? run.ended / run.activeSeconds : 0;
  const pace = run.itemsPerSecond !== null && run.itemsPerSecond > 0 ? run.itemsPerSecond : mean;
  if (pace <= 0 || run.ended === 0) return { kind: "unknown", why: "pace" };
  return { kind: "known", seconds: left / pace };
}

export interface Share {
  readonly status: string;
  readonly number: number;
  /** Of the bar, 0 to 1. */
  readonly share: number;
}

/** The parts of a bar, in the order given. A part that is there at all can be seen. */
export function shares(
  parts: readonly (readonly [status: string, number: number])[],
  total: number | null,
): Share[] {
  const shown = parts.filter(([, number]) => number > 0);
  const sum = shown.reduce((all, [, number]) => all + number, 0);
  const whole = Math.max(total ?? 0, sum);
  if (whole === 0) return [];
  const least = 0.004;
  const wide = shown.map(([status, number]) => ({
    status,
    number,
    share: Math.max(least, number / whole),
  }));
  const over = wide.reduce((all, part) => all + part.share, 0);
  const by = over > 1 ? 1 / over : 1;
  return wide.map((part) => ({ ...part, share: part.share * by }));
}
