/** What is asked of families. */
import { useQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { useEvery } from "../../page/refreshing";
import { call, optional } from "../client";
import type { Coverage, Family } from "../types";

export function useFamilies() {
  return useQuery({
    queryKey: ["families"],
    queryFn: async ({ signal }) =>
      (await call<{ families: Family[] }>("/api/families", { signal })).families,
    refetchInterval: useEvery(15_000),
  });
}

export function useFamily(name: string): Family | undefined {
  return useFamilies().data?.find((family) => family.name === name);
}

/** @param now count anew, which may take as long as a dry run; else what was recorded last */
export function useCoverage(family: string, now: boolean) {
  return useQuery({
    queryKey: ["coverage", family, now],
    queryFn: ({ signal }) =>
      optional<Coverage>(
        `/api/families/${encodeURIComponent(family)}/coverage${queryString({ now: String(now) })}`,
        signal,
      ),
    staleTime: 60_000,
  });
}
