import { addressOf, useDeliveries } from "../../api/queries/notifications";
import { useForbidden } from "../../api/session";
import type { NotificationDelivery } from "../../api/types";
import { useChange } from "../../api/useChange";
import { to } from "../../page/links";
import { Button } from "../../parts/controls/Button";
import { Link } from "../../parts/controls/Link";
import { Problem, Shown } from "../../parts/loading/dataStates";
import { More } from "../../parts/loading/More";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";

const N = S.notifications;

/** What was told one target, the newest first. */
export function Deliveries({ target }: { readonly target: string }) {
  const deliveries = useDeliveries(target);
  const forbidden = useForbidden("run");
  const resend = useChange((id: number) => [
    `${addressOf(target)}/deliveries/${id}/resend`,
    { method: "POST" },
  ]);
  return (
    <Shown of={deliveries}>
      {({ pages }) => {
        const found = pages.flatMap((page) => page.deliveries);
        if (found.length === 0) return <p className="muted">{N.nothing}</p>;
        return (
          <>
            {resend.error !== null && <Problem error={resend.error} />}
            <ul className="plain stack">
              {found.map((one) => (
                <li key={one.id} className="row between">
                  <Told delivery={one} />
                  <Button
                    tone="quiet"
                    reason={forbidden}
                    label={`${N.resend}: ${one.event} ${one.id}`}
                    onClick={() => resend.mutate(one.id)}
                  >
                    {N.resend}
                  </Button>
                </li>
              ))}
            </ul>
            <More of={deliveries} />
          </>
        );
      }}
    </Shown>
  );
}

function Told({ delivery: one }: { readonly delivery: NotificationDelivery }) {
  return (
    <div>
      <Time at={one.createdAt} /> <span className="strong">{one.event + N.items(one.items)}</span>{" "}
      {one.runId !== null && <Link href={to(["runs", one.runId])}>{one.runId}</Link>}{" "}
      <span className={`tag${one.status === "failed" ? " warn" : ""}`}>
        {N.statuses[one.status]}
      </span>{" "}
      {one.lastStatus !== null && <span className="muted">{one.lastStatus}</span>}{" "}
      {one.lastError !== null && <span className="muted">{one.lastError}</span>}{" "}
      {one.dueAt !== null && (
        <span className="muted">
          {N.next} <Time at={one.dueAt} relative />
        </span>
      )}
    </div>
  );
}
