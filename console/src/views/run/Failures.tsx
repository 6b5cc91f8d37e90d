import { useState } from "react";
import { failuresFile } from "../../api/queries/items";
import { useFailures } from "../../api/queries/run";
import { useForbidden } from "../../api/session";
import { ENDED } from "../../api/statuses";
import type { Failure, Run } from "../../api/types";
import { count } from "../../format/numbers";
import { toItem } from "../../page/links";
import { Button } from "../../parts/controls/Button";
import { Link } from "../../parts/controls/Link";
import { Shown } from "../../parts/loading/dataStates";
import { RetryDialog } from "../../parts/runs/RetryDialog";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";

const F = S.failures;
const FIRST = 5;
/** Groups that are shown before one asks for more. */

/** What failed, grouped by what the errors say. */
export function Failures({ run }: { readonly run: Run }) {
  const failed = run.counters.failed + run.counters.timedOut > 0;
  return failed ? <Groups run={run} /> : null;
}

function Groups({ run }: { readonly run: Run }) {
  const failures = useFailures(run.id, !ENDED.has(run.status));
  const [all, setAll] = useState(false);
  return (
    <section>
      <h2>{F.title}</h2>
      <Shown of={failures}>
        {({ failures: groups, total }) => (
          <>
            <div className="row between">
              <p className="muted small">{F.total(count(total), groups.length)}</p>
              <a className="button plain" href={failuresFile(run.id)} download>
                {F.file}
              </a>
            </div>
            <ul className="plain stack">
              {groups.slice(0, all ? undefined : FIRST).map((group) => (
                <Group key={group.group} group={group} run={run} />
              ))}
            </ul>
            {groups.length > FIRST && !all && (
              <Button onClick={() => setAll(true)}>{F.more(groups.length - FIRST)}</Button>
            )}
          </>
        )}
      </Shown>
    </section>
  );
}

function Group({ group, run }: { readonly group: Failure; readonly run: Run }) {
  const [asks, setAsks] = useState(false);
  const forbidden = useForbidden("run");
  return (
    <li className="card failure">
      <div className="row between">
        <p>
          <span className="strong">{count(group.count)}</span> × <code>{group.errorClass}</code>
        </p>
        <Button reason={forbidden} onClick={() => setAsks(true)}>
          {F.retry}
        </Button>
      </div>
      <p className="message">{group.message}</p>
      <p className="small sample">
        {F.samples}{" "}
        {group.samples.map((id) => (
          <Link key={id} href={toItem(run.id, id)}>
            <code>{id}</code>
          </Link>
        ))}
      </p>
      <p className="small muted">
        {F.between} <Time at={group.firstAt} /> – <Time at={group.lastAt} />
      </p>
      {asks && (
        <RetryDialog
          run={run}
          number={group.count}
          body={{ group: group.group }}
          what={F.retryMore(group.errorClass)}
          onClose={() => setAsks(false)}
        />
      )}
    </li>
  );
}
