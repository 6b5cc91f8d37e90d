import type { FlowUse } from "../../api/types";
import { count } from "../../format/numbers";
import { to } from "../../page/links";
import { Link } from "../../parts/controls/Link";
import { Gauge } from "../../parts/graphics/Gauge";
import { S } from "../../strings";

const O = S.overview;
const SHOWN = 6;

/** Where work waits because of a limit: the keys that use most of theirs first. */
export function NearLimits({ of }: { readonly of: readonly FlowUse[] }) {
  const busy = of
    .filter((key) => (key.inUse ?? 0) > 0 || (key.waiting ?? 0) > 0)
    .toSorted((one, other) => (other.share ?? 0) - (one.share ?? 0))
    .slice(0, SHOWN);
  return (
    <section className="card">
      <h2>{O.limits}</h2>
      {busy.length === 0 ? (
        <p className="muted">{O.noLimits}</p>
      ) : (
        <ul className="plain stack">
          {busy.map((key) => (
            <li key={key.key}>
              <div className="row between">
                <Link href={`${to(["flow-control"])}#${key.key}`}>{key.key}</Link>
                <span className="muted">{O.waits(count(key.waiting ?? 0))}</span>
              </div>
              <Gauge label={S.flow.atWork} value={key.inUse} most={key.parallelism} />
              {key.rate !== null && (
                <Gauge
                  label={S.flow.starts(key.periodSeconds)}
                  value={key.starts}
                  most={key.rate}
                />
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
