import type { Item, Step } from "../../api/types";
import { duration } from "../../format/times";
import { spent } from "../../layout/itemTime";
import { Stat } from "../../parts/values/Stat";
import { Time, useNow } from "../../parts/values/Time";
import { S } from "../../strings";

const I = S.item;

/** How often it was tried, and how long it waited for its turn against how long it was at work. */
export function ItemTimes({
  item,
  steps,
}: {
  readonly item: Item;
  readonly steps: readonly Step[];
}) {
  const { queued, worked, waited } = spent(item, steps, useNow().getTime());
  const whole = Math.max(queued + worked + waited, 1e-9);
  const parts = [
    ["queued", queued],
    ["worked", worked],
    ...(waited > 0 ? [["waited", waited] as const] : []),
  ] as const;
  return (
    <section className="card stack">
      <div className="split" aria-hidden="true">
        {parts.map(([name, seconds]) => (
          <div key={name} className={name} style={{ width: `${(100 * seconds) / whole}%` }} />
        ))}
      </div>
      <dl className="stats small">
        {parts.map(([name, seconds]) => (
          <Stat key={name} label={I[name]}>
            <span className={`key ${name}`} aria-hidden="true" /> {duration(seconds)}
          </Stat>
        ))}
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
