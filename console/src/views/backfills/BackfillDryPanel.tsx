import type { Dry } from "../../api/dryRun";
import type { BackfillDryRun, Family } from "../../api/types";
import { count } from "../../format/numbers";
import { Loading, Problem } from "../../parts/loading/dataStates";
import { S } from "../../strings";

const D = S.start.dry;
const F = S.backfills.form;

/** How many partitions it would be, from which to which, and how many items in all. */
export function BackfillDryPanel({
  dry,
  family,
  sound,
}: {
  readonly dry: Dry<BackfillDryRun>;
  readonly family: Family;
  readonly sound: boolean;
}) {
  if (!sound) return <p className="muted">{S.start.why.unsound}</p>;
  if (dry.error !== null) return <Problem error={dry.error} />;
  if (dry.found === undefined) return <Loading />;
  const { partitions, done, first, last, totalEligible, toProcess, exact } = dry.found;
  const number = (value: number | null): string =>
    value === null ? D.unknown : `${exact ? "" : `${D.about} `}${count(value)}`;
  return (
    <div className={dry.pending ? "stale" : ""}>
      <dl className="facts big">
        <dt>{F.partitions}</dt>
        <dd className="strong">{count(partitions)}</dd>
        <dt>{F.done}</dt>
        <dd>{count(done)}</dd>
        {first !== null && (
          <>
            <dt>{F.first}</dt>
            <dd>{first}</dd>
            <dt>{F.last}</dt>
            <dd>{last}</dd>
          </>
        )}
        <dt>{D.eligible(family.entities)}</dt>
        <dd>{number(totalEligible)}</dd>
        <dt>{D.toProcess}</dt>
        <dd className="strong">{number(toProcess)}</dd>
      </dl>
    </div>
  );
}
