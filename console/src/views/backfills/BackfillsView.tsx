import { useBackfills } from "../../api/queries/backfills";
import { to } from "../../page/links";
import { useTitle } from "../../page/title";
import { BackfillRow } from "../../parts/backfills/BackfillRow";
import { LinkButton } from "../../parts/controls/Button";
import { Empty, Shown } from "../../parts/loading/dataStates";
import { More } from "../../parts/loading/More";
import { S } from "../../strings";

const B = S.backfills;

export default function BackfillsView({ query }: { readonly query: URLSearchParams }) {
  useTitle(B.title);
  const family = query.get("family");
  const backfills = useBackfills(family);
  return (
    <>
      <div className="head">
        <h1>{B.title}</h1>
        <div className="actions">
          <LinkButton href={to(["backfills", "new"], { family })} tone="main">
            {B.make}
          </LinkButton>
        </div>
      </div>
      <p className="muted lead">{B.about}</p>
      <Shown of={backfills}>
        {({ pages }) => {
          const shown = pages.flatMap((page) => page.backfills);
          if (shown.length === 0) return <Empty command={B.command}>{B.none}</Empty>;
          return (
            <section>
              <ul className="rows">
                {shown.map((backfill) => (
                  <BackfillRow key={backfill.id} backfill={backfill} />
                ))}
              </ul>
              <More of={backfills} />
            </section>
          );
        }}
      </Shown>
    </>
  );
}
