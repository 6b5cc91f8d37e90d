/** What waits for people, whichever its run. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { useEvery } from "../../page/refreshing";
import { call } from "../client";
import type { OpenQuestion } from "../types";

const PAGE = 50;

export function useQuestions(family: string | null) {
  const every = useEvery(4_000);
  return useInfiniteQuery({
    queryKey: ["questions", family],
    queryFn: ({ signal, pageParam }) =>
      call<{ questions: OpenQuestion[]; nextCursor: string | null }>(
        `/api/suspended${queryString({ family, limit: PAGE, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 4 ? false : every),
  });
}
