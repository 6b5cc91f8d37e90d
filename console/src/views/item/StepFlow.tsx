import { Handle, type Edge, type Node, type NodeProps, Position } from "@xyflow/react";
import type { Step } from "../../api/types";
import { columns } from "../../layout/steps";
import { Flow } from "../../parts/graphics/Flow";
import { address, images } from "../../parts/values/Picture";
import { S } from "../../strings";

const BOX = { width: 132, height: 120, across: 56, down: 12 } as const;

type StepNode = Node<{ step: Step }, "step">;
const TYPES = { step: StepBox };

/** Which steps followed which, and which ran side by side; with what they made where one can see it. */
export default function StepFlow({ steps }: { readonly steps: readonly Step[] }) {
  const stood = columns(steps);
  const most = Math.max(...stood.map((column) => column.length));
  const tall = most * (BOX.height + BOX.down) - BOX.down;
  const whole = { width: stood.length * (BOX.width + BOX.across) - BOX.across, height: tall };
  return (
    <section className="card">
      <h2>{S.steps.flow}</h2>
      <Flow
        label={S.steps.flow}
        size={() => whole}
        nodes={() =>
          stood.flatMap((column, n) =>
            column.map((step, k) => nodeOf(step, n, k, column.length, tall)),
          )
        }
        edges={edgesOf(stood)}
        types={TYPES}
      />
    </section>
  );
}

function nodeOf(step: Step, column: number, row: number, of: number, tall: number): StepNode {
  const top = (tall - of * (BOX.height + BOX.down) + BOX.down) / 2;
  const { width, height } = BOX;
  return {
    id: step.name,
    type: "step",
    data: { step },
    position: { x: column * (BOX.width + BOX.across), y: top + row * (BOX.height + BOX.down) },
    width,
    height,
    measured: { width, height },
  };
}

function edgesOf(stood: readonly (readonly Step[])[]): Edge[] {
  return stood.slice(1).flatMap((column, n) =>
    (stood[n] ?? []).flatMap((source) =>
      column.map((target) => ({
        id: `${source.name}→${target.name}`,
        source: source.name,
        target: target.name,
        animated: target.finishedAt === null,
      })),
    ),
  );
}

function StepBox({ data: { step } }: NodeProps<StepNode>) {
  const [image] = images(step.result);
  return (
    <div className={`step-box is-${step.status}`}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <Handle type="source" position={Position.Right} isConnectable={false} />
      {image !== undefined && (
        <img
          src={address(image)}
          alt=""
          onError={(event) => event.currentTarget.classList.add("missing")}
        />
      )}
      <span className="step-name">{step.name}</span>
    </div>
  );
}
