import type { Item } from "../../api/types";
import { duration, secondsBetween } from "../../format/times";
import { Stat } from "../../parts/Stat";
import { Time, useNow } from "../../parts/Time";
import { S } from "../../strings";

const I = S.item;

/** How often it was tried, and how long it waited for its turn against how long it was at work. */
export function Times({ item }: { readonly item: Item }) {
  const now = useNow().toISOString();
  const started = item.startedAt;
  const ended = item.finishedAt ?? now;
  const queued = Math.max(0, secondsBetween(item.scheduledAt, started ?? ended));
  const worked = started === null ? 0 : Math.max(0, secondsBetween(started, ended));
  const whole = Math.max(queued + worked, 1e-9);
  return (
    <section className="card stack">
      <div className="split" aria-hidden="true">
        <div className="queued" style={{ width: `${(100 * queued) / whole}%` }} />
        <div className="worked" style={{ width: `${(100 * worked) / whole}%` }} />
      </div>
      <dl className="stats small">
        <Stat label={I.queued}>
          <span className="key queued" aria-hidden="true" /> {duration(queued)}
        </Stat>
        <Stat label={I.worked}>
          <span className="key worked" aria-hidden="true" /> {duration(worked)}
        </Stat>
        <Stat label={I.attempts}>{item.attempts}</Stat>
        {item.postponements > 0 && <Stat label={I.postponements}>{item.postponements}</Stat>}
        <Stat label={I.scheduled}>
          <Time at={item.scheduledAt} />
        </Stat>
        {item.finishedAt !== null && (
          <Stat label={I.ended}>
            <Time at={item.finishedAt} />
          </Stat>
        )}
      </dl>
    </section>
  );
}
