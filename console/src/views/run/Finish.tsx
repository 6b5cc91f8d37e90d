import { useState } from "react";
import { path } from "../../api/paths";
import { useFinish } from "../../api/queries/run";
import { useForbidden } from "../../api/session";
import { ENDED } from "../../api/statuses";
import type { Finish as Finishing, Run } from "../../api/types";
import { useChange } from "../../api/useChange";
import { toItem } from "../../page/links";
import { Button } from "../../parts/controls/Button";
import { Link } from "../../parts/controls/Link";
import { Confirm } from "../../parts/forms/Confirm";
import { Badge } from "../../parts/values/Badge";
import { Json } from "../../parts/values/Json";
import { S } from "../../strings";

const F = S.finish;

/** What its family does when its items have ended, and what that came to. */
export function Finish({ run }: { readonly run: Run }) {
  const begun = run.stage === "finishing" || ENDED.has(run.status);
  const finish = useFinish(run.id, begun).data ?? null;
  const [asks, setAsks] = useState(false);
  const forbidden = useForbidden("run");
  if (finish === null) return null;
  const again = ENDED.has(run.status) && ENDED.has(finish.status);
  return (
    <section className="stack">
      <h2>
        {F.title} <Badge status={finish.status} />
      </h2>
      {finish.error !== null && <p className="problem">{finish.error}</p>}
      {finish.result !== null && <Json value={finish.result} />}
      <div className="row">
        <Link href={toItem(finish.runId, "finish")}>{F.steps}</Link>
        {again && (
          <Button reason={forbidden} onClick={() => setAsks(true)}>
            {F.again}
          </Button>
        )}
      </div>
      {asks && <AgainDialog run={run} finish={finish} onClose={() => setAsks(false)} />}
    </section>
  );
}

function AgainDialog({
  run,
  finish,
  onClose,
}: {
  readonly run: Run;
  readonly finish: Finishing;
  readonly onClose: () => void;
}) {
  const again = useChange(
    (note: string | null) => [`${path.run(run.id)}/finish`, { method: "POST", body: { note } }],
    onClose,
  );
  return (
    <Confirm
      title={F.again}
      action={F.again}
      busy={again.isPending}
      error={again.error}
      noted
      onConfirm={again.mutate}
      onClose={onClose}
    >
      <p>{F.more(S.status[finish.status])}</p>
    </Confirm>
  );
}
