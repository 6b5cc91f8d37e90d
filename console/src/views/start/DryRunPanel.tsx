import type { Dry } from "../../api/dryRun";
import type { DryRun, Family } from "../../api/types";
import { expectedTime } from "../../format/estimates";
import { count, money } from "../../format/numbers";
import { Loading, Problem } from "../../parts/loading/dataStates";
import { S } from "../../strings";

const D = S.start.dry;

export function DryRunPanel({
  dry,
  family,
  sound,
  own,
}: {
  readonly dry: Dry<DryRun>;
  readonly family: Family;
  readonly sound: boolean;
  /** It is for an entity of one's own, of which there is no more to count. */
  readonly own: boolean;
}) {
  if (!sound) return <p className="muted">{S.start.why.unsound}</p>;
  if (dry.error !== null) return <Problem error={dry.error} />;
  if (dry.found === undefined) return <Loading />;
  const { totalEligible, alreadyProcessed, toProcess, exact, estimate, sample } = dry.found;
  const { toOverwrite, toOverwriteExact, stale } = dry.found;
  const number = (value: number | null | undefined): string =>
    value === null || value === undefined ? D.unknown : count(value);
  return (
    <div className={dry.pending ? "stale" : ""}>
      <dl className="facts big">
        {!own && (
          <>
            <dt>{D.eligible(family.entities)}</dt>
            <dd>{number(totalEligible)}</dd>
            <dt>{D.already}</dt>
            <dd>{number(alreadyProcessed)}</dd>
          </>
        )}
        {stale ? (
          <>
            <dt>{D.stale}</dt>
            <dd>
              {exact ? "" : D.about} {count(stale)}
            </dd>
          </>
        ) : null}
        <dt>{D.toProcess}</dt>
        <dd className="strong">
          {exact || toProcess === null ? "" : D.about} {number(toProcess)}
        </dd>
        {toOverwrite ? (
          <>
            <dt>{D.toOverwrite}</dt>
            <dd className="strong">
              {toOverwriteExact ? "" : D.about} {count(toOverwrite)}
            </dd>
          </>
        ) : null}
        <dt>{D.time}</dt>
        <dd>{expectedTime(estimate) ?? D.unknown}</dd>
        <dt>{D.cost}</dt>
        <dd>
          {typeof estimate.usd === "number" ? money(estimate.usd) : D.unknown}
          {estimate.tokens ? ` · ${D.tokens(count(estimate.tokens))}` : ""}
        </dd>
      </dl>
      <p className="muted small">{D.basis(estimate.basis, estimate.costBasis ?? null)}</p>
      {sample.length > 0 && (
        <p className="small sample">
          {D.sample}{" "}
          {sample.map((id) => (
            <code key={id}>{id}</code>
          ))}
        </p>
      )}
    </div>
  );
}
