import { useState } from "react";
import { addressOf } from "../../api/queries/notifications";
import { useForbidden } from "../../api/session";
import type { NotificationDelivery, NotificationTarget } from "../../api/types";
import { useChange } from "../../api/useChange";
import { queryString } from "../../format/queryString";
import { Button } from "../../parts/controls/Button";
import { NotedAction } from "../../parts/forms/NotedAction";
import { Problem } from "../../parts/loading/dataStates";
import { S } from "../../strings";
import { Deliveries } from "./Deliveries";

const N = S.notifications;

/** Who is told, of what, and what an operator may do with it. */
export function TargetCard({ target }: { readonly target: NotificationTarget }) {
  const [opened, setOpened] = useState(false);
  const forbidden = useForbidden("run");
  const address = addressOf(target.id);
  const test = useChange<undefined, { delivery: NotificationDelivery }>(() => [
    `${address}/test`,
    { method: "POST" },
  ]);
  const enable = useChange(() => [`${address}/enable`, { method: "POST" }]);
  const sent = test.data?.delivery;
  return (
    <li className="card stack">
      <div className="row between">
        <h2>{target.name}</h2>
        <span className="row">
          {target.disabledAt !== null && <span className="tag warn">{N.disabled}</span>}
          <span className="tag">{N.kinds[target.kind]}</span>
        </span>
      </div>
      <p>
        <code className="whole">{target.url}</code>
      </p>
      {target.disabledReason !== null && <p className="muted">{target.disabledReason}</p>}
      <dl className="facts">
        <dt>{N.events}</dt>
        <dd>{target.events?.join(", ") ?? N.all}</dd>
        <dt>{N.families}</dt>
        <dd>{target.families?.join(", ") ?? N.all}</dd>
      </dl>
      <div className="row">
        <Button reason={forbidden} busy={test.isPending} onClick={() => test.mutate(undefined)}>
          {N.test}
        </Button>
        {target.disabledAt !== null && (
          <Button
            reason={forbidden}
            busy={enable.isPending}
            onClick={() => enable.mutate(undefined)}
          >
            {N.enable}
          </Button>
        )}
        <NotedAction
          action={N.remove}
          title={N.removeTitle}
          tone="danger"
          reason={forbidden}
          request={(note) => {
            setOpened(false); // what is gone with it must not be asked for again
            return [`${address}${queryString({ note })}`, { method: "DELETE" }];
          }}
        >
          <p>{N.removeMore(target.name)}</p>
        </NotedAction>
        <Button tone="quiet" onClick={() => setOpened(!opened)}>
          {opened ? N.hidden : N.shown}
        </Button>
      </div>
      {sent !== undefined && (
        <p role="status">
          {sent.status === "delivered" ? N.arrived(sent.tookMs ?? 0) : N.lost(sent.lastError ?? "")}
        </p>
      )}
      {test.error !== null && <Problem error={test.error} />}
      {enable.error !== null && <Problem error={enable.error} />}
      {opened && <Deliveries target={target.id} />}
    </li>
  );
}
