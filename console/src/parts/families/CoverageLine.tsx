import { useState } from "react";
import { useCoverage } from "../../api/queries/families";
import type { Family } from "../../api/types";
import { count, percent } from "../../format/numbers";
import { S } from "../../strings";
import { Spark } from "../graphics/Spark";

const F = S.families;

/** How many of those that could have a result have one: as it was last recorded, until somebody
 * wants it counted. To count may take seconds. */
export function CoverageLine({ family }: { readonly family: Family }) {
  const [counted, setCounted] = useState(false);
  const recorded = useCoverage(family.name, false).data;
  // A family that needs params has no coverage of its own.
  if (recorded === null || recorded === undefined || recorded.params === null) return null;
  const told = recorded.days.filter(({ eligible }) => eligible > 0);
  const day = recorded.days.at(-1);
  return (
    <div className="coverage">
      {counted ? (
        <Counted family={family} />
      ) : (
        day !== undefined && <Line family={family} of={day} />
      )}
      {told.length > 1 && (
        <Spark
          label={F.days(told.length)}
          values={told.map(({ eligible, withResult }) => withResult / eligible)}
          most={1}
        />
      )}
      {!counted && (
        <button type="button" className="copy" onClick={() => setCounted(true)}>
          {F.count}
        </button>
      )}
    </div>
  );
}

function Counted({ family }: { readonly family: Family }) {
  const coverage = useCoverage(family.name, true);
  if (coverage.error !== null) return <p className="small">{coverage.error.message}</p>;
  if (coverage.data === undefined) return <p className="small muted">{F.counting}</p>;
  const now = coverage.data?.now ?? null;
  return now === null ? (
    <p className="small muted">{F.uncovered}</p>
  ) : (
    <Line family={family} of={now} />
  );
}

interface Covered {
  readonly eligible: number;
  readonly withResult: number;
  readonly exact: boolean;
}

function Line({
  family,
  of: { eligible, withResult, exact },
}: {
  readonly family: Family;
  readonly of: Covered;
}) {
  if (eligible === 0) return <p className="small muted">{F.noneEligible(family.entities)}</p>;
  return (
    <>
      <div className="track" aria-hidden="true">
        <div className="fill" style={{ width: `${(100 * withResult) / eligible}%` }} />
      </div>
      <p className="small">
        {exact ? "" : S.start.dry.about}{" "}
        {F.coverage(
          count(withResult),
          count(eligible),
          family.entities,
          percent(withResult, eligible),
        )}
      </p>
    </>
  );
}
