import { FilterChoice } from "../../parts/forms/FilterChoice";
import { Filters } from "../../parts/forms/Filters";
import { FilterText } from "../../parts/forms/FilterText";
import { StretchFilter } from "../../parts/forms/StretchFilter";
import { S } from "../../strings";

const A = S.audit;

export function AuditFilters({ query }: { readonly query: URLSearchParams }) {
  return (
    <Filters query={query}>
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
      <FilterText name="name" query={query} label={A.name} empty={A.anything} />
      <FilterText name="who" query={query} label={A.who} empty={S.runs.anyone} />
      <StretchFilter query={query} />
    </Filters>
  );
}
