import { useFlows } from "../../api/queries/flowControl";
import type { Flow } from "../../api/types";
import { useTitle } from "../../page/title";
import { Empty, Shown } from "../../parts/loading/dataStates";
import { S } from "../../strings";
import { FlowCard } from "./FlowCard";

export default function FlowView() {
  useTitle(S.flow.title);
  const flows = useFlows();
  return (
    <>
      <h1>{S.flow.title}</h1>
      <p className="muted lead">{S.flow.about}</p>
      <Shown of={flows}>
        {(found) =>
          found.length === 0 ? (
            <Empty>{S.flow.none}</Empty>
          ) : (
            byFamily(found).map(([family, keys]) => (
              <section key={family}>
                <h2>{family}</h2>
                <ul className="cards">
                  {keys.map((flow) => (
                    <FlowCard key={flow.key} flow={flow} />
                  ))}
                </ul>
              </section>
            ))
          )
        }
      </Shown>
    </>
  );
}

const LAYERS = ["process", "paginate", "execute"];

/** The layers of a family in the order in which work goes through them. */
function byFamily(flows: readonly Flow[]): [string, Flow[]][] {
  const found = new Map<string, Flow[]>();
  for (const flow of flows) {
    const family = flow.key.slice(0, flow.key.lastIndexOf("."));
    found.set(family, [...(found.get(family) ?? []), flow]);
  }
  const order = ({ key }: Flow): number => LAYERS.indexOf(key.slice(key.lastIndexOf(".") + 1));
  return [...found].map(([family, keys]) => [
    family,
    keys.toSorted((one, other) => order(one) - order(other)),
  ]);
}
