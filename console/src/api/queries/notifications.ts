/** Who is told what happens to runs, and what came of it. */
import { useQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { useEvery } from "../../page/refreshing";
import { optional } from "../client";
import type { NotificationDelivery, NotificationTarget } from "../types";
import { usePages } from "./pages";

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
  return usePages<{ deliveries: NotificationDelivery[] }>(
    ["notifications", target],
    (cursor) => `${addressOf(target)}/deliveries${queryString({ limit: PAGE, cursor })}`,
  );
}

export function addressOf(target: string): string {
  return `/api/notifications/${encodeURIComponent(target)}`;
}
