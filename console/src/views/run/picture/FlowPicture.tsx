import type { Run, Layers } from "../../../api/types";
import { picture } from "../../../layout/runPicture";
import { Flow } from "../../../parts/graphics/Flow";
import { S } from "../../../strings";
import { edgesOf } from "./flowEdges";
import { LAYERS, nodesOf, outcomesOf, TYPES } from "./flowNodes";

/** Below it the boxes would be too small to hit what is in them. */
const NARROW = 880;

/** The three layers, and what flows between them just now. */
export default function FlowPicture({
  run,
  layers,
  pace,
}: {
  readonly run: Run;
  readonly layers: Layers | null;
  readonly pace: number | null;
}) {
  return (
    <section className="card">
      <h2>{S.picture.title}</h2>
      <Flow
        label={S.picture.label}
        size={(width) => picture(LAYERS, outcomesOf(run), width < NARROW)}
        nodes={(width) => nodesOf(run, layers, pace, width < NARROW)}
        edges={edgesOf(run, layers)}
        types={TYPES}
      />
    </section>
  );
}
