/** What is asked of backfills. */
import { useQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { useEvery } from "../../page/refreshing";
import { call } from "../client";
import { BACKFILL_ENDED } from "../statuses";
import type { Backfill, BackfillItems, Partition } from "../types";
import { usePages } from "./pages";

const PAGE = 50;
/** Partitions at once; the most that the service answers. */
const MANY = 200;

export const backfillPath = (id: string): string => `/api/backfills/${encodeURIComponent(id)}`;

export function useBackfills(family: string | null) {
  return usePages<{ backfills: Backfill[] }>(
    ["backfills", family],
    (cursor) => `/api/backfills${queryString({ family, limit: PAGE, cursor })}`,
  );
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
  return usePages<{ partitions: Partition[] }>(
    // Asked once more when it has come to its end, under a key of its own.
    ["backfill", id, "partitions", moving],
    (cursor) => `${backfillPath(id)}/partitions${queryString({ limit: MANY, cursor })}`,
    moving,
  );
}
