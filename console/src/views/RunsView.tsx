import { useFamilies, useRuns } from "../api/reading";
import type { Run } from "../api/types";
import { Button } from "../parts/Button";
import { RunRow } from "../parts/RunRow";
import { Empty, Shown } from "../parts/states";
import { refine } from "../shell/router";
import { useTitle } from "../shell/title";
import { S } from "../strings";

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
const HOURS = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 } as const;

export function RunsView({ query }: { readonly query: URLSearchParams }) {
  useTitle(R.title);
  const since = query.get("since");
  const runs = useRuns({
    family: query.get("family"),
    status: query.get("status"),
    startedBy: query.get("startedBy"),
    retryOf: query.get("retryOf"),
    parent: query.get("parent"),
  });
  return (
    <>
      <h1>{R.title}</h1>
      <Filters query={query} />
      <Shown of={runs}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.runs);
          const shown = all.filter((run) => isSince(run, since));
          // They come newest first: behind one that is too old, none is young enough.
          const through = !runs.hasNextPage || shown.length < all.length;
          if (shown.length === 0) {
            return <Empty command="sluice run welcome-placeholder --dry-run">{R.none}</Empty>;
          }
          return (
            <>
              <p className="muted small">{R.shown(shown.length, through)}</p>
              <ul className="rows">
                {shown.map((run) => (
                  <RunRow key={run.id} run={run} />
                ))}
              </ul>
              {!through && (
                <Button busy={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>
                  {R.more}
                </Button>
              )}
            </>
          );
        }}
      </Shown>
    </>
  );
}

function isSince(run: Run, since: string | null): boolean {
  const hours = HOURS[since as keyof typeof HOURS] as number | undefined;
  return hours === undefined || Date.parse(run.createdAt) > Date.now() - hours * 3_600_000;
}

function Filters({ query }: { readonly query: URLSearchParams }) {
  const families = useFamilies().data ?? [];
  const names = new Set(families.map((family) => family.name));
  const asked = query.get("family");
  if (asked !== null) names.add(asked);
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()}>
      <Choice
        name="family"
        query={query}
        label={R.family}
        all={R.anyFamily}
        choices={[...names].map((name) => [name, name])}
      />
      <Choice
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
      <Choice
        name="since"
        query={query}
        label={R.since}
        all={R.anyTime}
        choices={Object.entries(R.times)}
      />
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

function Choice({
  name,
  query,
  label,
  all,
  choices,
}: {
  readonly name: string;
  readonly query: URLSearchParams;
  readonly label: string;
  readonly all: string;
  readonly choices: readonly (readonly [string, string])[];
}) {
  return (
    <label>
      <span>{label}</span>
      <select
        value={query.get(name) ?? ""}
        onChange={(event) => refine({ [name]: event.target.value })}
      >
        <option value="">{all}</option>
        {choices.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
