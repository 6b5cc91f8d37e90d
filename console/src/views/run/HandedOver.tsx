import { useItem, useItems } from "../../api/queries/items";
import type { Run } from "../../api/types";
import { toItem } from "../../page/links";
import { Link } from "../../parts/controls/Link";
import { Json } from "../../parts/values/Json";
import { Output } from "../../parts/values/Output";
import { Pictures } from "../../parts/values/Picture";
import { S } from "../../strings";

const H = S.run.handedOver;

/** Of a run for an entity that its caller handed over: what that is, and what comes of it. */
export function HandedOver({ run }: { readonly run: Run }) {
  return (
    <>
      <section className="card stack">
        <h2>{H.title}</h2>
        <Json value={run.entity} />
      </section>
      {run.counters.scheduled > 0 && <OnlyItem runId={run.id} />}
    </>
  );
}

/** Asked for once it is there. */
function OnlyItem({ runId }: { readonly runId: string }) {
  const item = useItems(runId, null, null).data?.items[0];
  return item === undefined ? null : <Course runId={runId} itemId={item.itemId} />;
}

function Course({ runId, itemId }: { readonly runId: string; readonly itemId: string }) {
  const result = useItem(runId, itemId).data?.item.result ?? null;
  return (
    <>
      <Output runId={runId} itemId={itemId} />
      <section className="card stack">
        <h2>{S.item.result}</h2>
        {result === null ? (
          <p className="muted">{H.none}</p>
        ) : (
          <>
            <Pictures value={result} alt={S.item.result} />
            <Json value={result} open={1} />
          </>
        )}
        <p>
          <Link href={toItem(runId, itemId)}>{H.item}</Link>
        </p>
      </section>
    </>
  );
}
