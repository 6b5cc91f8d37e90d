import { useFamily, useItem, useRun } from "../../api/reading";
import type { Item, Run, Step } from "../../api/types";
import { columns } from "../../layout/steps";
import { Badge } from "../../parts/Badge";
import { Copy } from "../../parts/Copy";
import { Json } from "../../parts/Json";
import { Link } from "../../parts/Link";
import { Pictures } from "../../parts/Picture";
import { later } from "../../parts/later";
import { Shown } from "../../parts/states";
import { to } from "../../shell/router";
import { useTitle } from "../../shell/title";
import { S } from "../../strings";
import { Again } from "./Again";
import { Answers } from "./Answers";
import { Output } from "./Output";
import { Preview } from "./Preview";
import { Steps } from "./Steps";
import { Times } from "./Times";

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
        {({ item, steps }) => <Whole item={item} steps={steps} runId={runId} run={run} />}
      </Shown>
    </>
  );
}

interface Props {
  readonly item: Item;
  readonly steps: readonly Step[];
  readonly runId: string;
  readonly run: Run | undefined;
}

function Whole({ item, steps, runId, run }: Props) {
  const family = useFamily(run?.family ?? "");
  const sideBySide = columns(steps).some((column) => column.length > 1);
  return (
    <>
      <div className="head">
        <h1 className="id">
          <code>{item.itemId}</code> <Badge status={item.status} /> <Copy text={item.itemId} />
        </h1>
        <div className="actions">{run !== undefined && <Again run={run} item={item} />}</div>
      </div>
      <Times item={item} steps={steps} />
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
      {run !== undefined && family !== undefined && (
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
