/** What is asked of runs, many at once. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { stretch } from "../../format/stretch";
import { useEvery } from "../../page/refreshing";
import { call } from "../client";
import type { Run } from "../types";

const PAGE = 50;

export interface RunFilter {
  readonly family: string | null;
  readonly status: string | null;
  readonly startedBy: string | null;
  readonly retryOf?: string | null;
  readonly parent?: string | null;
  readonly follows?: string | null;
  readonly backfill?: string | null;
  /** How far back from now; else `from` and `to`. */
  readonly since?: string | null;
  readonly from?: string | null;
  readonly to?: string | null;
}

export function useRuns(filter: RunFilter) {
  const every = useEvery(4_000);
  return useInfiniteQuery({
    queryKey: ["runs", filter],
    queryFn: ({ signal, pageParam }) => {
      const { since = null, from = null, to = null, ...rest } = filter;
      const asked = { ...rest, ...stretch(since, { from, to }, new Date()) };
      return call<{ runs: Run[]; nextCursor: string | null }>(
        `/api/runs${queryString({ ...asked, limit: PAGE, cursor: pageParam })}`,
        { signal },
      );
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
    // Every page is asked for again, so only the first few are kept up to date by themselves.
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 4 ? false : every),
  });
}
