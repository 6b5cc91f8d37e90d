/** A picture of boxes and arrows that is looked at, not edited. */
import { type Edge, type Node, type NodeTypes, ReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { type ReactNode, useRef } from "react";
import { useWidth } from "./useWidth";

export interface Size {
  readonly width: number;
  readonly height: number;
}

interface Props<N extends Node> {
  readonly label: string;
  /** Of the whole picture, by the width there is for it. */
  readonly size: (width: number) => Size;
  readonly nodes: (width: number) => N[];
  readonly edges: Edge[];
  readonly types: NodeTypes;
}

/** Made smaller where there is less room, and never larger; the page around it scrolls. */
export function Flow<N extends Node>({ label, size, nodes, edges, types }: Props<N>): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const whole = size(width);
  const zoom = Math.min(1, width / whole.width);
  return (
    <div
      ref={frame}
      className="flow"
      style={{ height: Math.ceil(whole.height * zoom) + 8 }}
      aria-label={label}
      role="group"
    >
      {width > 0 && (
        <ReactFlow
          nodes={nodes(width)}
          edges={edges}
          nodeTypes={types}
          viewport={{ x: (width - whole.width * zoom) / 2, y: 4, zoom }}
          minZoom={0.1}
          maxZoom={1}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          panOnDrag={false}
          zoomOnScroll={false}
          zoomOnPinch={false}
          zoomOnDoubleClick={false}
          preventScrolling={false}
          disableKeyboardA11y
          proOptions={{ hideAttribution: true }}
        />
      )}
    </div>
  );
}
