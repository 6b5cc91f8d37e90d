import { useFamilies } from "../../api/queries/families";
import type { Family } from "../../api/types";
import { to } from "../../page/links";
import { useTitle } from "../../page/title";
import { LinkButton } from "../../parts/controls/Button";
import { Link } from "../../parts/controls/Link";
import { CoverageLine } from "../../parts/families/CoverageLine";
import { Empty, Shown } from "../../parts/loading/dataStates";
import { Badge } from "../../parts/values/Badge";
import { Prose } from "../../parts/values/Prose";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";

const F = S.families;

export function FamiliesView() {
  useTitle(F.title);
  const families = useFamilies();
  return (
    <>
      <h1>{F.title}</h1>
      <Shown of={families}>
        {(found) =>
          found.length === 0 ? (
            <Empty>{F.none}</Empty>
          ) : (
            <ul className="cards">
              {found.map((family) => (
                <Card
                  key={family.name}
                  family={family}
                  followers={found.filter((one) => one.after.some(isOf(family)))}
                />
              ))}
            </ul>
          )
        }
      </Shown>
    </>
  );
}

function isOf(family: Family): (after: Family["after"][number]) => boolean {
  return (after) => after.family === family.name;
}

function Card({
  family,
  followers,
}: {
  readonly family: Family;
  /** Families that come after it. */
  readonly followers: readonly Family[];
}) {
  const { lastRun, nextFireTime } = family;
  return (
    <li className="card family">
      <h2>
        <Link href={to(["families", family.name])}>{family.name}</Link>
      </h2>
      <Prose text={family.description} />
      <CoverageLine family={family} />
      <dl className="facts">
        <dt>{F.lastRun}</dt>
        <dd>
          {lastRun ? (
            <>
              <Badge status={lastRun.status} />{" "}
              <Link href={to(["runs", lastRun.id])}>
                <Time at={lastRun.createdAt} relative />
              </Link>
            </>
          ) : (
            <span className="muted">{lastRun === null ? F.never : F.unknown}</span>
          )}
        </dd>
        <dt>{F.next}</dt>
        <dd>
          {nextFireTime ? (
            <Time at={nextFireTime} relative />
          ) : (
            <span className="muted">{F.unscheduled}</span>
          )}
        </dd>
        {family.events.length > 0 && (
          <>
            <dt>{F.events}</dt>
            <dd>{family.events.join(", ")}</dd>
          </>
        )}
        <After family={family} />
        <Before followers={followers} />
      </dl>
      <div className="row">
        <LinkButton href={to(["families", family.name])} tone="main">
          {F.start}
        </LinkButton>
        <LinkButton href={to(["runs"], { family: family.name })}>{F.runs}</LinkButton>
        {family.partitions !== null && (
          <LinkButton href={to(["backfills", "new"], { family: family.name })}>
            {F.backfill}
          </LinkButton>
        )}
      </div>
    </li>
  );
}

function After({ family }: { readonly family: Family }) {
  if (family.after.length === 0) return null;
  return (
    <>
      <dt>{F.after}</dt>
      <dd>
        <ul className="plain">
          {family.after.map((after) => (
            <li key={after.family}>
              <Link href={to(["families", after.family])}>{after.family}</Link>{" "}
              {Object.keys(after.params).length > 0 && (
                <span className="muted">{F.taking(Object.values(after.params))}</span>
              )}
            </li>
          ))}
        </ul>
      </dd>
    </>
  );
}

function Before({ followers }: { readonly followers: readonly Family[] }) {
  if (followers.length === 0) return null;
  return (
    <>
      <dt>{F.before}</dt>
      <dd>
        <ul className="plain">
          {followers.map((one) => (
            <li key={one.name}>
              <Link href={to(["families", one.name])}>{one.name}</Link>
            </li>
          ))}
        </ul>
      </dd>
    </>
  );
}
