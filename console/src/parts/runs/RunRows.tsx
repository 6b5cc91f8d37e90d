import { useFamilies } from "../../api/queries/families";
import type { Run } from "../../api/types";
import { RunRow } from "./RunRow";

type Shown = Run & { readonly itemsPerSecond?: number | null };

/** Runs in a list, each with what it is over. */
export function RunRows({ runs }: { readonly runs: readonly Shown[] }) {
  const families = useFamilies().data;
  return (
    <ul className="rows">
      {runs.map((run) => (
        <RunRow
          key={run.id}
          run={run}
          pace={run.itemsPerSecond ?? null}
          schema={families?.find(({ name }) => name === run.family)?.params}
        />
      ))}
    </ul>
  );
}
