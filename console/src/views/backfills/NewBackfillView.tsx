import { useFamilies } from "../../api/queries/families";
import type { Family } from "../../api/types";
import { to } from "../../page/links";
import { refine } from "../../page/router";
import { useTitle } from "../../page/title";
import { Link } from "../../parts/controls/Link";
import { Empty, Shown } from "../../parts/loading/dataStates";
import { Prose } from "../../parts/values/Prose";
import { S } from "../../strings";
import { BackfillForm } from "./BackfillForm";

const B = S.backfills;

export default function NewBackfillView({ query }: { readonly query: URLSearchParams }) {
  useTitle(B.make);
  const families = useFamilies();
  return (
    <>
      <p className="crumbs">
        <Link href={to(["backfills"])}>{B.title}</Link>
      </p>
      <h1>{B.make}</h1>
      <Shown of={families}>
        {(all) => {
          const cut = all.filter((family) => family.partitions !== null);
          if (cut.length === 0) return <Empty>{B.noFamily}</Empty>;
          return <Chosen families={cut} asked={query.get("family")} />;
        }}
      </Shown>
    </>
  );
}

function Chosen({
  families,
  asked,
}: {
  readonly families: readonly Family[];
  readonly asked: string | null;
}) {
  const family = families.find(({ name }) => name === asked) ?? families[0];
  if (family === undefined) return null;
  return (
    <>
      <form className="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span>{S.runs.family}</span>
          <select
            value={family.name}
            onChange={(event) => refine({ family: event.target.value }, { replace: true })}
          >
            {families.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </form>
      <Prose text={family.description} className="muted lead" />
      <BackfillForm key={family.name} family={family} />
    </>
  );
}
