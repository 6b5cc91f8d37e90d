import type { Run } from "../../api/types";
import { expectedTime } from "../../format/estimates";
import { count, money, percent } from "../../format/numbers";
import { duration } from "../../format/times";
import { to } from "../../page/links";
import { LinkButton } from "../../parts/controls/Button";
import { Json } from "../../parts/values/Json";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";

const D = S.details;

/** What it was asked to do, and what it took against what was expected. */
export function Details({ run }: { readonly run: Run }) {
  const again = {
    ...addressed(run.params, ""),
    ...(run.entity === null ? {} : { "run.own": "true", ...addressed(run.entity, "entity.") }),
  };
  return (
    <div className="two">
      <section className="card stack">
        <h2>{D.asked}</h2>
        <Json value={run.params} />
        {run.entity !== null && (
          <>
            <h3>{S.run.handedOver.title}</h3>
            <Json value={run.entity} />
          </>
        )}
        <h3>{D.options}</h3>
        <Json value={optionsOf(run)} />
        <div className="row">
          <LinkButton href={to(["families", run.family], again)}>{D.again}</LinkButton>
        </div>
      </section>
      <section className="card stack">
        <h2>{D.against}</h2>
        <Against run={run} />
        <dl className="facts">
          <Moment label={D.created} at={run.createdAt} />
          <Moment label={D.started} at={run.startedAt} />
          <Moment label={D.finished} at={run.finishedAt} />
          <Moment label={D.deadline} at={run.deadlineAt} />
        </dl>
      </section>
    </div>
  );
}

/** Whatever the address of the form can hold. */
function addressed(values: Readonly<Record<string, unknown>>, before: string) {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value))
      .map(([name, value]) => [before + name, value]),
  ) as Record<string, string | number>;
}

/** Without what was not asked for. */
function optionsOf({ force, limit, itemIds, itemList, options }: Run): object {
  return Object.fromEntries(
    Object.entries({ force, limit, itemIds, itemList, ...options }).filter(
      ([, value]) => value !== null && value !== false,
    ),
  );
}

function Against({ run: { estimate, actual } }: { readonly run: Run }) {
  const rows = [
    [D.time, estimate?.seconds, expectedTime(estimate), actual.seconds, duration],
    [D.cost, estimate?.usd, null, actual.usd, money],
    [D.tokens, estimate?.tokens, null, actual.tokens, count],
  ] as const;
  return (
    <>
      <table>
        <thead>
          <tr>
            <th scope="col">{D.measure}</th>
            <th scope="col" className="number">
              {D.estimate}
            </th>
            <th scope="col" className="number">
              {D.actual}
            </th>
            <th scope="col" className="number">
              {D.share}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([label, expected, said, real, written]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td className="number">
                {said ?? (typeof expected === "number" ? written(expected) : "–")}
              </td>
              <td className="number">{written(real)}</td>
              <td className="number">{expected ? percent(real, expected) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {estimate !== null && (
        <p className="small muted">
          {S.start.dry.basis(estimate.basis, estimate.costBasis ?? null)}
        </p>
      )}
    </>
  );
}

function Moment({ label, at }: { readonly label: string; readonly at: string | null }) {
  if (at === null) return null;
  return (
    <>
      <dt>{label}</dt>
      <dd>
        <Time at={at} />
      </dd>
    </>
  );
}
