/** The arrows of a run's picture, which move while something flows. */
import type { Edge } from "@xyflow/react";
import { outstanding } from "../../../api/outstanding";
import type { Layers, Run } from "../../../api/types";
import { count } from "../../../format/numbers";
import { S } from "../../../strings";
import { numbersOf, outcomesOf } from "./flowNodes";

const P = S.picture;

export function edgesOf(run: Run, layers: Layers | null): Edge[] {
  const moves = run.status === "running";
  const working = moves && (layers === null ? outstanding(run) > 0 : layers.execute.inHand > 0);
  const numbers = numbersOf(run);
  const { toProcess, scheduled } = run.counters;
  return [
    {
      id: "counted",
      source: "process",
      target: "paginate",
      label: toProcess === null ? P.unknown : P.toProcess(count(toProcess)),
      animated: moves && !run.paged,
    },
    {
      id: "scheduled",
      source: "paginate",
      target: "execute",
      label:
        moves && layers !== null
          ? P.queuedNow(count(layers.execute.queued))
          : P.scheduled(count(scheduled)),
      animated: moves && !run.paged,
    },
    ...outcomesOf(run).map((outcome): Edge => {
      const number = numbers[outcome] ?? 0;
      return {
        id: outcome,
        source: "execute",
        target: outcome,
        animated: working && number > 0,
        className: number === 0 ? "none" : `is-${outcome}`,
      };
    }),
  ].map(
    (edge) =>
      ({ type: "smoothstep", labelBgPadding: [4, 2], labelBgBorderRadius: 4, ...edge }) as Edge,
  );
}
