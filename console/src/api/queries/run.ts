/** What is asked of one run. */
import { type QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { useEvery } from "../../page/refreshing";
import { call, optional } from "../client";
import { path } from "../paths";
import { ENDED } from "../statuses";
import type { Failure, Finish, HistoryPoint, Layers, Run, RunEvent } from "../types";

/** What is asked of a run, whoever asks. */
export const ofRun = {
  run: (id: string) => ({
    queryKey: ["run", id],
    queryFn: async ({ signal }: Asked) => (await call<{ run: Run }>(path.run(id), { signal })).run,
  }),
  finish: (id: string) => ({
    queryKey: ["run", id, "finish"],
    queryFn: async ({ signal }: Asked) =>
      (await call<{ finish: Finish | null }>(path.run(id), { signal })).finish,
  }),
  layers: (id: string) => ({
    queryKey: ["run", id, "layers"],
    queryFn: ({ signal }: Asked) => optional<Layers>(`${path.run(id)}/layers`, signal),
  }),
  history: (id: string) => ({
    queryKey: ["run", id, "history"],
    queryFn: async ({ signal }: Asked) =>
      (await optional<{ points: HistoryPoint[] }>(`${path.run(id)}/history`, signal))?.points ??
      null,
  }),
  failures: (id: string) => ({
    queryKey: ["run", id, "failures"],
    queryFn: ({ signal }: Asked) =>
      call<{ failures: Failure[]; total: number }>(`${path.run(id)}/failures`, { signal }),
  }),
};

interface Asked {
  readonly signal: AbortSignal;
}

/** All that a run's view asks, at once and before the view itself is here. */
export function askAhead(client: QueryClient, id: string): void {
  void client.prefetchQuery(ofRun.run(id));
  void client.prefetchQuery(ofRun.layers(id));
  void client.prefetchQuery(ofRun.history(id));
  void client.prefetchQuery(ofRun.failures(id));
}

export function useRun(id: string) {
  const every = useEvery(5_000);
  return useQuery({
    ...ofRun.run(id),
    // The stream tells what changes; this is for when it tells nothing.
    refetchInterval: ({ state }) => (state.data && ENDED.has(state.data.status) ? false : every),
  });
}

export function useFinish(id: string, enabled: boolean) {
  const every = useEvery(2_000);
  return useQuery({ ...ofRun.finish(id), enabled, refetchInterval: every });
}

export function useLayers(id: string, moving: boolean) {
  const every = useEvery(1_000);
  return useQuery({ ...ofRun.layers(id), refetchInterval: moving ? every : false });
}

export function useHistory(id: string, moving: boolean) {
  const every = useEvery(3_000);
  return useQuery({ ...ofRun.history(id), refetchInterval: moving ? every : false });
}

export function useFailures(id: string, moving: boolean) {
  const every = useEvery(5_000);
  return useQuery({ ...ofRun.failures(id), refetchInterval: moving ? every : false });
}

export function useEvents(id: string) {
  return useInfiniteQuery({
    queryKey: ["run", id, "events"],
    queryFn: ({ signal, pageParam }) =>
      call<{ events: RunEvent[]; nextCursor: string | null }>(
        `${path.run(id)}/events${queryString({ limit: 100, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
  });
}
