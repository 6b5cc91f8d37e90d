/** What is asked of flow keys. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { useEvery } from "../../page/refreshing";
import { call, optional } from "../client";
import type { Flow, FlowPartition, FlowPoint } from "../types";

export function useFlows() {
  return useQuery({
    queryKey: ["flow"],
    queryFn: async ({ signal }) =>
      (await call<{ flowControl: Flow[] }>("/api/flow-control", { signal })).flowControl,
    refetchInterval: useEvery(1_000),
  });
}

export function useFlowHistory(key: string) {
  return useQuery({
    queryKey: ["flow", key, "history"],
    queryFn: async ({ signal }) =>
      (
        await optional<{ points: FlowPoint[] }>(
          `/api/flow-control/${encodeURIComponent(key)}/history`,
          signal,
        )
      )?.points ?? null,
    refetchInterval: useEvery(5_000),
  });
}

/** Those whose limits were set, and then the fullest. */
export function useFlowPartitions(key: string, limit: number) {
  return useQuery({
    queryKey: ["flow", key, "partitions", limit],
    queryFn: async ({ signal }) =>
      (
        await call<{ partitions: FlowPartition[] }>(
          `/api/flow-control/${encodeURIComponent(key)}/partitions${queryString({ limit })}`,
          { signal },
        )
      ).partitions,
    placeholderData: keepPreviousData,
    refetchInterval: useEvery(2_000),
  });
}
