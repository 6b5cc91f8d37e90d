import type { Family, Sample, SampleOutcomes } from "../../api/types";
import { expectedTime } from "../../format/estimates";
import { count, money, percent } from "../../format/numbers";
import { duration } from "../../format/times";
import { Badge } from "../../parts/values/Badge";
import { Diff } from "../../parts/values/Diff";
import { Json } from "../../parts/values/Json";
import { S } from "../../strings";

const T = S.start.sampling;
const OUTCOMES: readonly (readonly [keyof SampleOutcomes, string])[] = [
  ["succeeded", "succeeded"],
  ["skipped", "skipped"],
  ["failed", "failed"],
  ["timedOut", "timed_out"],
  ["suspended", "suspended"],
  ["postponed", "postponed"],
  ["unfinished", "unfinished"],
];

export function SampleResult({
  of: found,
  family,
}: {
  readonly of: Sample;
  readonly family: Family;
}) {
  return (
    <div className="stack">
      <p>{found.message}</p>
      {found.begun > 0 && (
        <>
          <Outcomes of={found} />
          <Groups of={found} />
          <Stops of={found} />
          <Whole of={found} family={family} />
          <Changes of={found} />
        </>
      )}
    </div>
  );
}

function Outcomes({ of: found }: { readonly of: Sample }) {
  return (
    <table>
      <caption className="visually-hidden">{T.outcomes}</caption>
      <thead>
        <tr>
          <th scope="col">{T.outcome}</th>
          <th scope="col" className="number">
            {T.items}
          </th>
          <th scope="col" className="number">
            {T.share}
          </th>
        </tr>
      </thead>
      <tbody>
        {OUTCOMES.filter(([name]) => found.outcomes[name] > 0).map(([name, status]) => (
          <tr key={name}>
            <td>
              <Badge status={status} />
            </td>
            <td className="number">{count(found.outcomes[name])}</td>
            <td className="number">{percent(found.outcomes[name], found.begun)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Groups({ of: found }: { readonly of: Sample }) {
  if (found.groups.length === 0) return null;
  return (
    <>
      <h3>{T.groups}</h3>
      <ul className="plain stack">
        {found.groups.map((group) => (
          <li key={`${group.outcome} ${group.errorClass} ${group.message}`} className="failure">
            <p>
              <span className="strong">{count(group.count)}</span> ×{" "}
              {group.errorClass === null ? (
                <Badge status={group.outcome} />
              ) : (
                <code>{group.errorClass}</code>
              )}
              {group.retried > 0 && <span className="muted"> {T.retried(count(group.retried))}</span>}
            </p>
            <p className="message">{group.message}</p>
            <Ids of={group.samples} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Stops({ of: found }: { readonly of: Sample }) {
  if (found.stops.length === 0) return null;
  return (
    <>
      <h3>{T.stops}</h3>
      <ul className="plain stack">
        {found.stops.map((stop) => (
          <li key={`${stop.kind} ${stop.step}`}>
            <p>
              <span className="strong">{count(stop.count)}</span> ×{" "}
              {S.preview.stop(stop.step, S.steps.kinds[stop.kind])}
            </p>
            <Json value={stop.payload} />
            <Ids of={stop.samples} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Ids({ of: ids }: { readonly of: readonly string[] }) {
  return (
    <p className="small sample">
      {S.start.dry.sample}{" "}
      {ids.map((id) => (
        <code key={id}>{id}</code>
      ))}
    </p>
  );
}

function Whole({ of: found, family }: { readonly of: Sample; readonly family: Family }) {
  const D = S.start.dry;
  const { estimate, medianMilliseconds: median, p95Milliseconds: p95, spent } = found;
  const cost = (usd: number | null | undefined, tokens: number | null | undefined): string =>
    typeof usd === "number"
      ? `${money(usd)}${tokens ? ` · ${D.tokens(count(tokens))}` : ""}`
      : D.unknown;
  const whole = found.toProcess === null ? D.unknown : count(found.toProcess);
  return (
    <>
      <dl className="facts">
        {median !== null && p95 !== null && (
          <>
            <dt>{T.median}</dt>
            <dd>{duration(median / 1000)}</dd>
            <dt>{T.p95}</dt>
            <dd>{duration(p95 / 1000)}</dd>
          </>
        )}
        <dt>{T.spent}</dt>
        <dd>{cost(spent.usd, spent.tokens)}</dd>
      </dl>
      <h3>{T.whole(`${found.exact ? "" : `${D.about} `}${whole}`, family.entities)}</h3>
      <dl className="facts big">
        <dt>{D.time}</dt>
        <dd>{expectedTime(estimate) ?? D.unknown}</dd>
        <dt>{D.cost}</dt>
        <dd>{cost(estimate.usd, estimate.tokens)}</dd>
      </dl>
      <p className="muted small">{D.basis(estimate.basis, estimate.costBasis ?? null)}</p>
    </>
  );
}

function Changes({ of: found }: { readonly of: Sample }) {
  return (
    <>
      {found.comparisonFault !== null && <p>{T.notCompared(found.comparisonFault)}</p>}
      {found.compared > 0 && (
        <>
          <h3>{T.changes}</h3>
          <p>{T.changed(count(found.changed), count(found.compared))}</p>
          {found.diffs.map(({ itemId, diff }) => (
            <details key={itemId}>
              <summary>
                <code>{itemId}</code>
              </summary>
              {diff === null ? <p>{T.tooLarge}</p> : <Diff text={diff} />}
            </details>
          ))}
        </>
      )}
    </>
  );
}
