/** What is asked of flow keys. */
import { useQuery } from "@tanstack/react-query";
import { useEvery } from "../../page/refreshing";
import { call, optional } from "../client";
import type { Flow, FlowPoint } from "../types";

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
