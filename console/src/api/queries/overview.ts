/** What is asked of the service as a whole. */
import { useQuery } from "@tanstack/react-query";
import { useEvery } from "../../page/refreshing";
import { optional } from "../client";
import type { Overview } from "../types";

export function useOverview() {
  return useQuery({
    queryKey: ["overview"],
    queryFn: ({ signal }) => optional<Overview>("/api/overview", signal),
    refetchInterval: useEvery(2_000),
  });
}
