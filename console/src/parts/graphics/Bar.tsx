import type { Counters } from "../../api/types";
import { type Share, shares } from "../../format/eta";
import { count, percent } from "../../format/numbers";
import { S } from "../../strings";

export const OUTCOMES = [
  ["succeeded", "succeeded"],
  ["skipped", "skipped"],
  ["failed", "failed"],
  ["timed_out", "timedOut"],
  ["cancelled", "cancelled"],
] as const;

export function parts(counters: Counters): (readonly [string, number])[] {
  return [
    ...OUTCOMES.map(([status, field]) => [status, counters[field]] as const),
    ["suspended", counters.suspended],
  ];
}

/** N of M (x%); in words where M is not known. */
export function progress(counters: Counters, ended: number): string {
  const { toProcess, exact } = counters;
  if (toProcess === null) return S.run.ofUnknown(count(ended));
  if (toProcess === 0 && ended === 0) return S.run.nothing;
  return S.run.of(count(ended), count(toProcess), percent(ended, toProcess), exact);
}

/** Stacked by outcome. */
export function Bar({
  counters,
  ended,
  moving,
  thin = false,
}: {
  readonly counters: Counters;
  readonly ended: number;
  readonly moving: boolean;
  readonly thin?: boolean;
}) {
  const { toProcess } = counters;
  const shown = shares(parts(counters), toProcess);
  return (
    <div
      className={`bar${thin ? " thin" : ""}${moving ? " moving" : ""}`}
      role="progressbar"
      aria-label={S.run.progress}
      aria-valuetext={progress(counters, ended)}
      aria-valuemin={0}
      {...(toProcess === null
        ? {}
        : { "aria-valuemax": Math.max(toProcess, ended), "aria-valuenow": ended })}
    >
      {shown.map((part) => (
        <Part key={part.status} part={part} />
      ))}
    </div>
  );
}

function Part({ part }: { readonly part: Share }) {
  return <div className={`part is-${part.status}`} style={{ width: `${100 * part.share}%` }} />;
}
