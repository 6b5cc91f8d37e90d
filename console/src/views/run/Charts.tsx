import { useMemo } from "react";
import type { HistoryPoint } from "../../api/types";
import { count, rate } from "../../format/numbers";
import { Chart, type Line } from "../../parts/graphics/Chart";
import { S } from "../../strings";

const C = S.charts;

/** How fast it went, how long an item took, and what came of them. */
export default function Charts({ points }: { readonly points: readonly HistoryPoint[] }) {
  const times = useMemo(() => points.map((point) => Date.parse(point.at) / 1000), [points]);
  const pace = useMemo(
    (): Line[] => [
      {
        label: C.perSecond,
        colour: "--accent",
        values: points.map((point) => point.itemsPerSecond),
        fill: true,
      },
    ],
    [points],
  );
  const latency = useMemo(
    (): Line[] => [
      {
        label: C.milliseconds,
        colour: "--suspended",
        values: points.map((point) => point.meanMs),
        fill: true,
      },
    ],
    [points],
  );
  const outcomes = useMemo(
    (): Line[] => [
      {
        label: S.status.succeeded,
        colour: "--succeeded",
        values: points.map((point) => point.succeeded),
      },
      {
        label: S.status.skipped,
        colour: "--skipped",
        values: points.map((point) => point.skipped),
      },
      {
        label: S.status.failed,
        colour: "--failed",
        values: points.map((point) => point.failed + point.timedOut),
      },
    ],
    [points],
  );
  return (
    <section>
      <h2>{C.title}</h2>
      <div className="charts">
        <Chart title={C.pace} times={times} lines={pace} written={rate} />
        <Chart
          title={C.latency}
          times={times}
          lines={latency}
          written={(ms) => `${count(ms)} ms`}
        />
        <Chart title={C.outcomes} times={times} lines={outcomes} written={count} />
      </div>
    </section>
  );
}
