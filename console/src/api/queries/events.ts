/** Events that others have sent, and what came of them. */
import { useQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { useEvery } from "../../page/refreshing";
import { call } from "../client";
import type { SentEvent, UnmatchedEvents } from "../types";
import { usePages } from "./pages";

const PAGE = 50;
/** Names that nobody knows: more than are mended in a day. */
const STRANGERS = 20;

export function useSentEvents(name: string | null) {
  return usePages<{ events: SentEvent[] }>(
    ["events", name],
    (cursor) => `/api/events${queryString({ name, limit: PAGE, cursor })}`,
  );
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
