import type { EventStart, SentEvent } from "../../api/types";
import { to } from "../../page/links";
import { Link } from "../../parts/controls/Link";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";

const E = S.sentEvents;

/** An event, and what it started, joined or woke. */
export function SentEventEntry({ event }: { readonly event: SentEvent }) {
  return (
    <li>
      <Time at={event.receivedAt} />
      <div>
        <p>
          <span className="strong">{event.name}</span> <code>{event.id}</code>{" "}
          <span className="muted">
            {E.from(event.sender)} · {E.happened} <Time at={event.at} />
          </span>
        </p>
        {event.starts.map((start) => (
          <p key={`${start.family} ${start.itemId}`}>
            <Started of={start} />
          </p>
        ))}
        {event.woke > 0 && (
          <p>
            {E.woke(event.woke)}
            {event.wokenRunIds.map((run) => (
              <span key={run}>
                {" "}
                <Link href={to(["runs", run])}>{run}</Link>
              </span>
            ))}
          </p>
        )}
        {event.detail !== null && <p className="said">{event.detail}</p>}
        {event.unmatched && <p className="muted">{E.unmatched}</p>}
        {!event.unmatched && event.starts.length === 0 && event.woke === 0 && (
          <p className="muted">{E.nothing}</p>
        )}
      </div>
    </li>
  );
}

function Started({ of }: { readonly of: EventStart }) {
  return (
    <>
      <Link href={to(["families", of.family])}>{of.family}</Link> <code>{of.itemId}</code>{" "}
      <Standing of={of} />
      {of.events > 1 && <span className="muted"> {E.joined(of.events)}</span>}
    </>
  );
}

function Standing({ of }: { readonly of: EventStart }) {
  if (of.runId !== null) {
    return (
      <>
        {E.started} <Link href={to(["runs", of.runId])}>{of.runId}</Link>
      </>
    );
  }
  if (of.settledAt !== null) {
    return (
      <>
        {E.refused} {of.detail}
      </>
    );
  }
  return (
    <>
      {E.waits} <Time at={of.dueAt} relative />
    </>
  );
}
