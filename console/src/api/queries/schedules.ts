/** What is asked of schedules. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { useEvery } from "../../page/refreshing";
import { call, optional } from "../client";
import type { FireTimes, Schedule } from "../types";

/** Of an expression that nobody has saved. */
export function useFireTimes(expression: string, tz: string) {
  return useQuery({
    queryKey: ["fire-times", expression, tz],
    queryFn: ({ signal }) =>
      call<FireTimes>(`/api/schedules/fire-times${queryString({ expression, tz })}`, { signal }),
    enabled: expression !== "" && tz !== "",
    placeholderData: keepPreviousData,
    staleTime: 10_000,
    gcTime: 0,
    retry: false,
  });
}

export function useSchedules() {
  return useQuery({
    queryKey: ["schedules"],
    queryFn: async ({ signal }) =>
      (await optional<{ schedules: Schedule[] }>("/api/schedules", signal))?.schedules ?? null,
    refetchInterval: useEvery(10_000),
  });
}
