import { useFollowers, useFormerRuns } from "../../api/queries/runLine";
import { ENDED } from "../../api/statuses";
import type { Run } from "../../api/types";
import { to } from "../../page/links";
import { Link } from "../../parts/controls/Link";
import { Badge } from "../../parts/values/Badge";
import { S } from "../../strings";

const L = S.run.line;

/** The runs that it came of, and those that came of it: none waits for another. */
export function RunLine({ run }: { readonly run: Run }) {
  const former = useFormerRuns(run).data ?? [];
  const followers = useFollowers(run, !ENDED.has(run.status)).data;
  const later = followers?.runs ?? [];
  if (former.length === 0 && later.length === 0) return null;
  return (
    <nav className="run-line small" aria-label={L.label}>
      <ol>
        {former.map((one) => (
          <Stop key={one.id} run={one} />
        ))}
        <Stop run={run} here />
        {later.length > 0 && (
          <li>
            <ul>
              {later.map((one) => (
                <Stop key={one.id} run={one} />
              ))}
              {followers?.more && (
                <li>
                  <Link href={to(["runs"], { follows: followers.of })}>{L.more}</Link>
                </li>
              )}
            </ul>
          </li>
        )}
      </ol>
    </nav>
  );
}

function Stop({ run, here = false }: { readonly run: Run; readonly here?: boolean }) {
  const named = (
    <>
      {run.finishOf === null ? run.family : L.finishOf(run.family)} <code>{run.id}</code>
    </>
  );
  return (
    <li>
      {here ? (
        <span aria-current="page" className="strong">
          {named}
        </span>
      ) : (
        <Link href={to(["runs", run.id])}>{named}</Link>
      )}{" "}
      <Badge status={run.status} />
    </li>
  );
}
