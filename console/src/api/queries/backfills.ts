/** What is asked of backfills. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { useEvery } from "../../page/refreshing";
import { call } from "../client";
import { BACKFILL_ENDED } from "../statuses";
import type { Backfill, BackfillItems, Partition } from "../types";

const PAGE = 50;
/** Partitions at once; the most that the service answers. */
const MANY = 200;

export const backfillPath = (id: string): string => `/api/backfills/${encodeURIComponent(id)}`;

export function useBackfills(family: string | null) {
  const every = useEvery(4_000);
  return useInfiniteQuery({
    queryKey: ["backfills", family],
    queryFn: ({ signal, pageParam }) =>
      call<{ backfills: Backfill[]; nextCursor: string | null }>(
        `/api/backfills${queryString({ family, limit: PAGE, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 4 ? false : every),
  });
}

export function useBackfill(id: string) {
  const every = useEvery(2_000);
  return useQuery({
    queryKey: ["backfill", id],
    queryFn: ({ signal }) =>
      call<{ backfill: Backfill; items: BackfillItems }>(backfillPath(id), { signal }),
    refetchInterval: ({ state }) =>
      state.data && BACKFILL_ENDED.has(state.data.backfill.status) ? false : every,
  });
}

/** @param moving they still change */
export function usePartitions(id: string, moving: boolean) {
  const every = useEvery(4_000);
  return useInfiniteQuery({
    // Asked once more when it has come to its end, under a key of its own.
    queryKey: ["backfill", id, "partitions", moving],
    queryFn: ({ signal, pageParam }) =>
      call<{ partitions: Partition[]; nextCursor: string | null }>(
        `${backfillPath(id)}/partitions${queryString({ limit: MANY, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: (query) =>
      !moving || (query.state.data?.pages.length ?? 0) > 4 ? false : every,
  });
}
