import { useEvents } from "../../api/queries/run";
import type { Run, RunEvent } from "../../api/types";
import { Shown } from "../../parts/loading/dataStates";
import { More } from "../../parts/loading/More";
import { Json } from "../../parts/values/Json";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";

/** What happened to it, and who did it. */
export function Events({ run }: { readonly run: Run }) {
  const events = useEvents(run.id);
  return (
    <section>
      <Shown of={events}>
        {({ pages }) => (
          <ol className="events">
            {pages
              .flatMap((page) => page.events)
              .map((event) => (
                <Happened key={event.id} event={event} />
              ))}
          </ol>
        )}
      </Shown>
      <More of={events} text={S.events.more} />
    </section>
  );
}

function Happened({ event }: { readonly event: RunEvent }) {
  return (
    <li>
      <Time at={event.at} />
      <div>
        <p>
          <span className="strong">{S.events.kinds[event.kind]}</span>{" "}
          <span className="muted">{S.events.by(event.who)}</span>
        </p>
        {(event.detail ?? event.reason) !== null && <p>{event.detail ?? event.reason}</p>}
        {event.note !== null && <p className="said">{event.note}</p>}
        {event.data !== null && Object.keys(event.data).length > 0 && (
          <Json value={event.data} open={0} />
        )}
      </div>
    </li>
  );
}
