import { refine } from "../../page/router";
import { Button } from "../../parts/controls/Button";
import { FilterChoice } from "../../parts/forms/FilterChoice";
import { StretchFilter } from "../../parts/forms/StretchFilter";
import { S } from "../../strings";

const A = S.audit;

/** All of it in the address, so that a list can be sent to somebody. */
export function AuditFilters({ query }: { readonly query: URLSearchParams }) {
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()}>
      <FilterChoice
        name="subject"
        query={query}
        label={A.subject}
        all={S.runs.anyTime}
        choices={Object.entries(A.subjects)}
      />
      <FilterChoice
        name="action"
        query={query}
        label={A.action}
        all={S.runs.anyTime}
        choices={Object.entries(A.actions)}
      />
      <Typed name="name" query={query} label={A.name} empty={A.anything} />
      <Typed name="who" query={query} label={A.who} empty={S.runs.anyone} />
      <StretchFilter query={query} />
      {query.size > 0 && (
        <Button
          tone="quiet"
          onClick={() => refine(Object.fromEntries([...query.keys()].map((key) => [key, null])))}
        >
          {S.runs.clear}
        </Button>
      )}
    </form>
  );
}

function Typed({
  name,
  query,
  label,
  empty,
}: {
  readonly name: string;
  readonly query: URLSearchParams;
  readonly label: string;
  readonly empty: string;
}) {
  return (
    <label>
      <span>{label}</span>
      <input
        type="text"
        placeholder={empty}
        defaultValue={query.get(name) ?? ""}
        key={query.get(name)}
        onBlur={(event) => refine({ [name]: event.target.value.trim() })}
        onKeyDown={(event) => {
          if (event.key === "Enter") refine({ [name]: event.currentTarget.value.trim() });
        }}
      />
    </label>
  );
}
