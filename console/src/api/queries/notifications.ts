/** Who is told what happens to runs, and what came of it. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { useEvery } from "../../page/refreshing";
import { call, optional } from "../client";
import type { NotificationDelivery, NotificationTarget } from "../types";

const PAGE = 20;
/** All that there may be. */
const MOST = 100;

export function useTargets() {
  return useQuery({
    queryKey: ["notifications"],
    queryFn: async ({ signal }) =>
      (
        await optional<{ targets: NotificationTarget[] }>(
          `/api/notifications${queryString({ limit: MOST })}`,
          signal,
        )
      )?.targets ?? null,
    refetchInterval: useEvery(10_000),
  });
}

export function useDeliveries(target: string) {
  const every = useEvery(4_000);
  return useInfiniteQuery({
    queryKey: ["notifications", target],
    queryFn: ({ signal, pageParam }) =>
      call<{ deliveries: NotificationDelivery[]; nextCursor: string | null }>(
        `${addressOf(target)}/deliveries${queryString({ limit: PAGE, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 4 ? false : every),
  });
}

export function addressOf(target: string): string {
  return `/api/notifications/${encodeURIComponent(target)}`;
}
