/** The boxes of a run's picture. */
import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { outstanding } from "../../../api/outstanding";
import { ENDED } from "../../../api/statuses";
import type { Layers, Run } from "../../../api/types";
import { count, rate } from "../../../format/numbers";
import { picture } from "../../../layout/runPicture";
import { to } from "../../../page/links";
import { Link } from "../../../parts/controls/Link";
import { S } from "../../../strings";

const P = S.picture;

export const LAYERS = ["process", "paginate", "execute"] as const;
const OUTCOMES = ["succeeded", "skipped", "failed", "timed_out", "suspended", "cancelled"] as const;

/** Timing out is seldom, and shown where it happened. */
export function outcomesOf({ counters }: Run): readonly string[] {
  return OUTCOMES.filter((one) => one !== "timed_out" || counters.timedOut > 0);
}

export interface Line {
  readonly label: string;
  readonly value: string;
  readonly href?: string;
}

type LayerNode = Node<
  { title: string; lines: readonly Line[]; at: boolean; narrow: boolean },
  "layer"
>;
type OutcomeNode = Node<
  { status: string; number: number; href: string; narrow: boolean },
  "outcome"
>;
export type PictureNode = LayerNode | OutcomeNode;

export const TYPES = { layer: LayerBox, outcome: OutcomeBox };

export function nodesOf(
  run: Run,
  layers: Layers | null,
  pace: number | null,
  narrow: boolean,
): PictureNode[] {
  const lines = linesOf(run, layers, pace);
  const numbers = numbersOf(run);
  return picture(LAYERS, outcomesOf(run), narrow).boxes.map(
    ({ id, x, y, width, height }): PictureNode => {
      const place = { id, position: { x, y }, width, height, measured: { width, height } };
      if (id === "process" || id === "paginate" || id === "execute") {
        const data = { title: P.layers[id], lines: lines[id], at: isAt(id, run, layers), narrow };
        return { ...place, type: "layer", data };
      }
      const href = to(["runs", run.id, "items"], { status: id });
      return {
        ...place,
        type: "outcome",
        data: { status: id, number: numbers[id] ?? 0, href, narrow },
      };
    },
  );
}

export function numbersOf({ counters }: Run): Readonly<Record<string, number>> {
  const { succeeded, skipped, failed, timedOut, suspended, cancelled } = counters;
  return { succeeded, skipped, failed, timed_out: timedOut, suspended, cancelled };
}

function linesOf(
  run: Run,
  layers: Layers | null,
  pace: number | null,
): Record<(typeof LAYERS)[number], Line[]> {
  const { counters } = run;
  const number = (value: number | null): string => (value === null ? P.unknown : count(value));
  const pending = to(["runs", run.id, "items"], { status: "pending" });
  return {
    process: [
      ...(layers === null
        ? []
        : [{ label: P.state, value: P.states[layers.process.state] ?? layers.process.state }]),
      { label: P.eligible, value: number(counters.totalEligible) },
      { label: P.already, value: number(counters.alreadyProcessed) },
    ],
    paginate: [
      ...(layers === null
        ? []
        : [
            { label: P.queued, value: count(layers.paginate.queued) },
            { label: P.inHand, value: count(layers.paginate.inHand) },
          ]),
      { label: P.pages, value: pagesOf(run, layers) },
    ],
    execute: ENDED.has(run.status)
      ? endedLines(run)
      : layers === null
        ? [{ label: P.outstanding, value: count(outstanding(run)), href: pending }]
        : [
            {
              label: P.queued,
              value: count(layers.execute.queued),
              href: pending,
            },
            { label: P.inHand, value: count(layers.execute.inHand), href: pending },
            {
              label: P.waitingForRate,
              value: number(layers.execute.waitingForRate),
              href: pending,
            },
            { label: P.deferred, value: count(layers.execute.deferred), href: pending },
            { label: P.pace, value: run.status === "running" && pace !== null ? rate(pace) : "–" },
          ],
  };
}

/** Of the flow key's queue nothing is this run's any more. */
function endedLines({ counters, ended, actual }: Run): Line[] {
  const mean = actual.seconds > 0 ? rate(ended / actual.seconds) : "–";
  return [
    { label: P.added, value: count(counters.scheduled) },
    { label: P.ended, value: count(ended) },
    { label: P.pace, value: mean },
  ];
}

function pagesOf(run: Run, layers: Layers | null): string {
  if (run.paged) return P.paged;
  return layers !== null && layers.paginate.held ? P.held : P.reading;
}

function isAt(id: (typeof LAYERS)[number], run: Run, layers: Layers | null): boolean {
  if (run.status !== "running" && run.status !== "pending") return false;
  if (id === "process") return run.status === "pending";
  if (layers === null) return id === "execute" ? outstanding(run) > 0 : !run.paged;
  return layers[id].inHand > 0;
}

function LayerBox({ data: { title, lines, at, narrow } }: NodeProps<LayerNode>) {
  return (
    <div className={`layer-box${at ? " at" : ""}`}>
      <Ends narrow={narrow} />
      <h3>{title}</h3>
      <dl>
        {lines.map(({ label, value, href }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              {href === undefined ? (
                value
              ) : (
                <Link href={href} className="nodrag nopan">
                  {value}
                </Link>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function OutcomeBox({ data: { status, number, href, narrow } }: NodeProps<OutcomeNode>) {
  const words: Readonly<Record<string, string>> = S.status;
  return (
    <Link
      href={href}
      className={`outcome-box is-${status}${number === 0 ? " none" : ""} nodrag nopan`}
    >
      <Ends narrow={narrow} />
      <span className="dot" aria-hidden="true" />
      <span>
        <span className="strong">{count(number)}</span> {words[status]}
      </span>
    </Link>
  );
}

/** Where arrows come in and go out. */
export function Ends({ narrow }: { readonly narrow: boolean }) {
  return (
    <>
      <Handle
        type="target"
        position={narrow ? Position.Top : Position.Left}
        isConnectable={false}
      />
      <Handle
        type="source"
        position={narrow ? Position.Bottom : Position.Right}
        isConnectable={false}
      />
    </>
  );
}
