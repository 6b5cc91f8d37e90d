import { useFamilies } from "../../api/queries/families";
import { FilterChoice } from "../../parts/forms/FilterChoice";
import { Filters } from "../../parts/forms/Filters";
import { FilterText } from "../../parts/forms/FilterText";
import { StretchFilter } from "../../parts/forms/StretchFilter";
import { S } from "../../strings";

const R = S.runs;
const STATUSES = [
  "pending",
  "running",
  "paused",
  "cancelling",
  "succeeded",
  "partial",
  "failed",
  "cancelled",
] as const;

export function RunFilters({ query }: { readonly query: URLSearchParams }) {
  const families = useFamilies().data ?? [];
  const names = new Set(families.map((family) => family.name));
  const asked = query.get("family");
  if (asked !== null) names.add(asked);
  return (
    <Filters query={query}>
      <FilterChoice
        name="family"
        query={query}
        label={R.family}
        all={R.anyFamily}
        choices={[...names].map((name) => [name, name])}
      />
      <FilterChoice
        name="status"
        query={query}
        label={R.status}
        all={R.anyStatus}
        choices={STATUSES.map((one) => [one, S.status[one]])}
      />
      <FilterText name="startedBy" query={query} label={R.who} empty={R.anyone} />
      <StretchFilter query={query} />
    </Filters>
  );
}
