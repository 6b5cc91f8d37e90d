/** How the span of a backfill is written: in UTC, as its partitions are cut, with the end left out. */

const DAY = 86_400_000;

/** `1 Jan 2026 – 24 Jan 2026` where both ends are midnights, else with the time. */
export function spanned(from: string, to: string): string {
  const [first, last] = [new Date(from), new Date(to)];
  const whole = first.getTime() % DAY === 0 && last.getTime() % DAY === 0;
  if (!whole) return `${written(first, true)} – ${written(last, true)} UTC`;
  // The last day that is in, as one would say it.
  const until = new Date(last.getTime() - DAY);
  if (until.getTime() <= first.getTime()) return written(first, false);
  return `${written(first, false)} – ${written(until, false)}`;
}

function written(at: Date, time: boolean): string {
  return at.toLocaleString("en-GB", {
    timeZone: "UTC",
    day: "numeric",
    month: "short",
    year: "numeric",
    ...(time ? { hour: "2-digit", minute: "2-digit" } : {}),
  });
}
