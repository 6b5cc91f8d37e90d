/** What is asked of the items of a run. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { useEvery } from "../../page/refreshing";
import { ROOT } from "../../page/root";
import { call } from "../client";
import { path } from "../paths";
import type { AtWork, Item, ItemStatus, Question, Step, Trace } from "../types";

const PAGE = 50;

export function useItems(run: string, status: ItemStatus | null, cursor: string | null) {
  return useQuery({
    queryKey: ["run", run, "items", status, cursor],
    queryFn: ({ signal }) =>
      call<{ items: Item[]; nextCursor: string | null }>(
        `${path.run(run)}/items${queryString({ status, cursor, limit: PAGE })}`,
        { signal },
      ),
    placeholderData: keepPreviousData,
    refetchInterval: useEvery(5_000),
  });
}

/** Where all of them are, as a file. */
export function itemsFile(run: string, status: ItemStatus | null, kind: "csv" | "ndjson"): string {
  return `${ROOT}${path.run(run)}/items.${kind}${queryString({ status })}`;
}

/** And every item that failed, with its error. */
export function failuresFile(run: string): string {
  return `${ROOT}${path.run(run)}/failures.csv`;
}

export function useItem(run: string, item: string) {
  const every = useEvery(2_000);
  return useQuery({
    queryKey: ["run", run, "item", item],
    queryFn: ({ signal }) =>
      call<{ item: Item; atWork: AtWork | null; trace: Trace | null; steps: Step[] }>(
        path.item(run, item),
        { signal },
      ),
    refetchInterval: ({ state }) => {
      const status = state.data?.item.status;
      return status === undefined || status === "pending" || status === "suspended" ? every : false;
    },
  });
}

export function useSuspended(run: string, waits: boolean) {
  const every = useEvery(4_000);
  return useQuery({
    queryKey: ["run", run, "suspended"],
    queryFn: ({ signal }) =>
      call<{ suspended: Question[]; nextCursor: string | null }>(
        `${path.run(run)}/suspended?limit=50`,
        { signal },
      ),
    refetchInterval: waits ? every : false,
  });
}
