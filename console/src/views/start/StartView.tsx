import { useFamilies } from "../../api/queries/families";
import { useTitle } from "../../page/title";
import { CoverageLine } from "../../parts/families/CoverageLine";
import { Problem, Shown } from "../../parts/loading/dataStates";
import { Prose } from "../../parts/values/Prose";
import { S } from "../../strings";
import { StartForm } from "./StartForm";

export default function StartView({ family: name }: { readonly family: string }) {
  useTitle(S.start.title(name));
  const families = useFamilies();
  return (
    <>
      {families.data === undefined && <h1>{S.start.title(name)}</h1>}
      <Shown of={families}>
        {(all) => {
          const family = all.find((one) => one.name === name);
          if (family === undefined) return <Missing name={name} />;
          return (
            <>
              <h1>{S.start.title(name)}</h1>
              <Prose text={family.description} className="muted lead" />
              <CoverageLine family={family} />
              <StartForm family={family} />
            </>
          );
        }}
      </Shown>
    </>
  );
}

function Missing({ name }: { readonly name: string }) {
  return (
    <>
      <h1>{S.start.title(name)}</h1>
      <Problem error={new Error(S.start.noFamily(name))} />
    </>
  );
}
