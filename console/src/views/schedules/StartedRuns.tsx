import { useRuns } from "../../api/queries/runs";
import type { Run } from "../../api/types";
import { count } from "../../format/numbers";
import { exact } from "../../format/times";
import { to } from "../../page/links";
import { Link } from "../../parts/controls/Link";
import { S } from "../../strings";

const SHOWN = 12;
const HEIGHT = 34;

/** The runs that it started lately, the oldest first: a column each, as high as it had items. */
export function StartedRuns({ family, name }: { readonly family: string; readonly name: string }) {
  const runs =
    useRuns({ family, status: null, startedBy: `schedule ${name}` }).data?.pages[0]?.runs ?? [];
  if (runs.length === 0) return null;
  const shown = runs.slice(0, SHOWN).toReversed();
  const most = Math.max(1, ...shown.map((run) => run.ended));
  return (
    <ul className="columns" aria-label={S.schedules.history}>
      {shown.map((run) => (
        <Column key={run.id} run={run} most={most} />
      ))}
    </ul>
  );
}

function Column({ run, most }: { readonly run: Run; readonly most: number }) {
  const text = `${exact(new Date(run.createdAt))}: ${S.status[run.status]}, ${count(run.ended)}`;
  return (
    <li>
      <Link
        href={to(["runs", run.id])}
        title={text}
        aria-label={text}
        className={`is-${run.status}`}
      >
        <span className="column" style={{ height: `${4 + (HEIGHT - 4) * (run.ended / most)}px` }} />
      </Link>
    </li>
  );
}
