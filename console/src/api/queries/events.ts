/** Events that others have sent, and what came of them. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { useEvery } from "../../page/refreshing";
import { call } from "../client";
import type { SentEvent, UnmatchedEvents } from "../types";

const PAGE = 50;
/** Names that nobody knows: more than are mended in a day. */
const STRANGERS = 20;

export function useSentEvents(name: string | null) {
  const every = useEvery(4_000);
  return useInfiniteQuery({
    queryKey: ["events", name],
    queryFn: ({ signal, pageParam }) =>
      call<{ events: SentEvent[]; nextCursor: string | null }>(
        `/api/events${queryString({ name, limit: PAGE, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 4 ? false : every),
  });
}

export function useUnmatchedEvents() {
  return useQuery({
    queryKey: ["events", "unmatched names"],
    queryFn: async ({ signal }) => {
      const answer = await call<{ names: UnmatchedEvents[] }>(
        `/api/events/unmatched${queryString({ limit: STRANGERS })}`,
        { signal },
      );
      return answer.names;
    },
    refetchInterval: useEvery(15_000),
  });
}
