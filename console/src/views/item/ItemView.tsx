import { useFamily } from "../../api/queries/families";
import { useItem } from "../../api/queries/items";
import { useRun } from "../../api/queries/run";
import type { Item, Run, Step, Trace, AtWork as Work } from "../../api/types";
import { columns } from "../../layout/steps";
import { to } from "../../page/links";
import { useTitle } from "../../page/title";
import { Copy } from "../../parts/controls/Copy";
import { Link } from "../../parts/controls/Link";
import { Shown } from "../../parts/loading/dataStates";
import { later } from "../../parts/loading/later";
import { Badge } from "../../parts/values/Badge";
import { Json } from "../../parts/values/Json";
import { Output } from "../../parts/values/Output";
import { Pictures } from "../../parts/values/Picture";
import { S } from "../../strings";
import { Answers } from "./Answers";
import { AtWork } from "./AtWork";
import { ItemTimes } from "./ItemTimes";
import { Preview } from "./Preview";
import { RetryItem } from "./RetryItem";
import { Steps } from "./Steps";
import { TraceLine } from "./TraceLine";

const StepFlow = later(() => import("./StepFlow"));

export default function ItemView({
  run: runId,
  item: itemId,
}: {
  readonly run: string;
  readonly item: string;
}) {
  useTitle(itemId);
  const found = useItem(runId, itemId);
  const run = useRun(runId).data;
  return (
    <>
      <p className="crumbs">
        <Link href={to(["runs"])}>{S.runs.title}</Link> /{" "}
        <Link href={to(["runs", runId])}>{run?.family ?? runId}</Link> /{" "}
        <Link href={to(["runs", runId, "items"])}>{S.run.items}</Link>
      </p>
      {found.data === undefined && (
        <h1 className="id">
          <code>{itemId}</code>
        </h1>
      )}
      <Shown of={found}>
        {({ item, atWork, trace, steps }) => (
          <Whole item={item} atWork={atWork} trace={trace} steps={steps} runId={runId} run={run} />
        )}
      </Shown>
    </>
  );
}

interface Props {
  readonly item: Item;
  readonly atWork: Work | null;
  readonly trace: Trace | null;
  readonly steps: readonly Step[];
  readonly runId: string;
  readonly run: Run | undefined;
}

function Whole({ item, atWork, trace, steps, runId, run }: Props) {
  const family = useFamily(run?.family ?? "");
  const sideBySide = columns(steps).some((column) => column.length > 1);
  return (
    <>
      <div className="head">
        <h1 className="id">
          <code>{item.itemId}</code> <Badge status={item.status} /> <Copy text={item.itemId} />
        </h1>
        <div className="actions">{run !== undefined && <RetryItem run={run} item={item} />}</div>
      </div>
      {trace !== null && <TraceLine trace={trace} />}
      {atWork !== null && <AtWork work={atWork} />}
      <ItemTimes item={item} steps={steps} />
      <Answers runId={runId} item={item} steps={steps} />
      {item.errorClass !== null && <Fault item={item} />}
      {steps.length > 0 && <Steps steps={steps} runId={runId} />}
      {sideBySide && <StepFlow steps={steps} />}
      {item.result !== null && item.result !== undefined && (
        <section className="card stack">
          <h2>{S.item.result}</h2>
          <Pictures value={item.result} alt={S.item.result} />
          <Json value={item.result} />
        </section>
      )}
      {steps.length > 0 && <Output runId={runId} itemId={item.itemId} />}
      {run !== undefined && run.entity === null && family !== undefined && (
        <Preview run={run} item={item} family={family} />
      )}
    </>
  );
}

function Fault({ item }: { readonly item: Item }) {
  return (
    <section className="card stack failure">
      <h2>
        <code>{item.errorClass}</code>
      </h2>
      <p className="message">{item.errorMessage}</p>
      {item.errorTraceback !== null && (
        <details>
          <summary>{S.item.traceback}</summary>
          <Copy text={item.errorTraceback} />
          <pre tabIndex={0}>{item.errorTraceback}</pre>
        </details>
      )}
    </section>
  );
}
