import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clock } from "../../format/times";
import { useColours } from "../../page/theme";
import { S } from "../../strings";
import { useWidth } from "./useWidth";

const HEIGHT = 190;
/** Between two lines of the grid; none is smaller than what is written beside it. */
const STEPS = [
  0.5,
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power)),
];

export interface Line {
  readonly label: string;
  /** A custom property. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly fill?: boolean;
}

interface Props {
  readonly title: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly written: (value: number) => string;
}

export function Chart({ title, times, lines, written }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const width = useWidth(frame);
  const colours = useColours([...lines.map((line) => line.colour), "--muted", "--line"]);
  const data = [times, ...lines.map((line) => line.values)] as uPlot.AlignedData;
  const latest = useRef(data);
  latest.current = data;

  // Made anew only when its looks change; new numbers are put into what is there.
  const looks = [width, ...colours, ...lines.map((line) => line.label)].join();
  useEffect(() => {
    if (frame.current === null || width === 0) return;
    const made = new uPlot(
      optionsOf(width, lines, colours, written),
      latest.current,
      frame.current,
    );
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [looks]);
  useEffect(() => plot.current?.setData(data), [times, lines]);

  const last = lines.map((line) => line.values.findLast((value) => value !== null) ?? null);
  const told = lines.map(
    (line, n) => `${line.label} ${last[n] == null ? S.charts.none : written(last[n])}`,
  );
  return (
    <figure className="card chart">
      <figcaption>{title}</figcaption>
      <div
        ref={frame}
        role="img"
        aria-label={S.charts.about(title, told.join(", "))}
        className="plot"
      />
    </figure>
  );
}

function optionsOf(
  width: number,
  lines: readonly Line[],
  colours: readonly string[],
  written: (value: number) => string,
): uPlot.Options {
  const [muted = "gray", grid = "gray"] = colours.slice(lines.length);
  const axis = { stroke: muted, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  const shown = (value: number | null): string => (value === null ? "–" : written(value));
  return {
    width,
    height: HEIGHT,
    cursor: { y: false },
    scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [
      { ...axis, space: 70, values: (_, at) => at.map((second) => clock(new Date(second * 1000))) },
      { ...axis, size: 58, values: (_, at) => at.map(shown), incrs: STEPS },
    ],
    series: [
      {
        label: S.charts.time,
        value: (_, at: number | null) => (at === null ? "–" : clock(new Date(at * 1000))),
      },
      ...lines.map((line, n) => ({
        label: line.label,
        stroke: colours[n] ?? muted,
        width: 2,
        points: { show: false },
        // What came last, until somebody points at a moment.
        value: (plot: uPlot, value: number | null, of: number, at: number | null) =>
          shown(at === null ? lastOf(plot.data[of]) : value),
        ...(line.fill === true ? { fill: faint(colours[n] ?? muted) } : {}),
      })),
    ],
  };
}

function faint(colour: string): string {
  return colour.replace(/^rgb\((.+)\)$/, "rgba($1, 0.14)");
}

function lastOf(values: ArrayLike<number | null | undefined> | undefined): number | null {
  return Array.from(values ?? []).findLast((one) => one != null) ?? null;
}
