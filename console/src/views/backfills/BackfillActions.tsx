import { useState } from "react";
import { backfillPath } from "../../api/queries/backfills";
import { useForbidden } from "../../api/session";
import { BACKFILL_ENDED } from "../../api/statuses";
import type { Backfill } from "../../api/types";
import { useChange } from "../../api/useChange";
import { count } from "../../format/numbers";
import { to } from "../../page/links";
import { Button, LinkButton } from "../../parts/controls/Button";
import { Confirm } from "../../parts/forms/Confirm";
import { NotedAction } from "../../parts/forms/NotedAction";
import { S } from "../../strings";

const B = S.backfills;

/** What may be done with a backfill depends on its status. */
export function BackfillActions({ backfill }: { readonly backfill: Backfill }) {
  const [asks, setAsks] = useState(false);
  const forbidden = useForbidden("run");
  const { status, partitions } = backfill;
  const address = backfillPath(backfill.id);
  const verb = status === "paused" ? "resume" : "pause";
  const cancel = useChange(
    (note: string | null) => [`${address}/cancel`, { method: "POST", body: { note } }],
    () => setAsks(false),
  );
  const left = partitions.waiting + partitions.active;
  if (BACKFILL_ENDED.has(status)) {
    return partitions.succeeded === partitions.total ? null : (
      <div className="actions">
        <LinkButton href={again(backfill)} tone="main">
          {B.again}
        </LinkButton>
      </div>
    );
  }
  return (
    <div className="actions">
      {status !== "cancelling" && (
        <>
          <NotedAction
            key={verb}
            tone={status === "paused" ? "main" : "plain"}
            action={S.actions[verb]}
            title={B.verbTitles[verb]}
            reason={forbidden}
            request={(note) => [`${address}/${verb}`, { method: "POST", body: { note } }]}
          >
            <p>{B.verbMore[verb]}</p>
          </NotedAction>
          <Button tone="danger" reason={forbidden} onClick={() => setAsks(true)}>
            {S.actions.cancel}
          </Button>
        </>
      )}
      {asks && (
        <Confirm
          title={B.cancelTitle}
          action={B.cancelOf(count(left), left)}
          tone="danger"
          busy={cancel.isPending}
          error={cancel.error}
          noted
          onConfirm={cancel.mutate}
          onClose={() => setAsks(false)}
        >
          <p>{B.cancelMore(count(partitions.waiting), partitions.active)}</p>
        </Confirm>
      )}
    </div>
  );
}

/** The form, filled in with what did not come to a good end. */
function again({ family, from, to: until }: Backfill): string {
  return to(["backfills", "new"], {
    family,
    from: from.slice(0, 10),
    to: until.slice(0, 10),
    mode: "missing-and-failed",
  });
}
