/** Lists that come page by page. */
import { keepPreviousData, type QueryKey, useInfiniteQuery } from "@tanstack/react-query";
import { useEvery } from "../../page/refreshing";
import { call } from "../client";

/** Pages that are asked for again by themselves: each time all of them are. */
const KEPT_FRESH = 4;
const EVERY = 4_000;

interface Page {
  readonly nextCursor: string | null;
}

/** The pages that were asked for so far, and a way to the next one.
 *
 * @param address where the page behind a cursor is; null: the first one
 * @param moving they still change
 */
export function usePages<T extends object>(
  queryKey: QueryKey,
  address: (cursor: string | null) => string,
  moving = true,
) {
  const every = useEvery(EVERY);
  return useInfiniteQuery({
    queryKey,
    queryFn: ({ signal, pageParam }) => call<T & Page>(address(pageParam), { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      !moving || (state.data?.pages.length ?? 0) > KEPT_FRESH ? false : every,
  });
}
