import { useFamilies } from "../../api/queries/families";
import { refine } from "../../page/router";
import { Button } from "../../parts/controls/Button";
import { S } from "../../strings";
import { FilterChoice } from "../../parts/forms/FilterChoice";
import { StretchFilter } from "../../parts/forms/StretchFilter";

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

/** All of it in the address, so that a list can be sent to somebody. */
export function RunFilters({ query }: { readonly query: URLSearchParams }) {
  const families = useFamilies().data ?? [];
  const names = new Set(families.map((family) => family.name));
  const asked = query.get("family");
  if (asked !== null) names.add(asked);
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()}>
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
      <label>
        <span>{R.who}</span>
        <input
          type="text"
          placeholder={R.anyone}
          defaultValue={query.get("startedBy") ?? ""}
          key={query.get("startedBy")}
          onBlur={(event) => refine({ startedBy: event.target.value.trim() })}
          onKeyDown={(event) => {
            if (event.key === "Enter") refine({ startedBy: event.currentTarget.value.trim() });
          }}
        />
      </label>
      <StretchFilter query={query} />
      {query.size > 0 && (
        <Button
          tone="quiet"
          onClick={() => refine(Object.fromEntries([...query.keys()].map((key) => [key, null])))}
        >
          {R.clear}
        </Button>
      )}
    </form>
  );
}
