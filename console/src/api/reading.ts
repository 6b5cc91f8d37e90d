/** Every question that the views ask, each under one key. */
import {
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { stretch } from "../format/since";
import { search } from "../shell/router";
import { useEvery } from "../shell/live";
import { ApiError, call } from "./client";
import { path } from "./paths";
import type {
  Coverage,
  Failure,
  Family,
  FireTimes,
  Flow,
  FlowPoint,
  HistoryPoint,
  Item,
  ItemStatus,
  Layers,
  Overview,
  Question,
  Run,
  RunEvent,
  RunStatus,
  Schedule,
  Step,
} from "./types";

const PAGE = 50;

/** Null where this service has no such route. */
async function optional<T>(path: string, signal: AbortSignal): Promise<T | null> {
  try {
    return await call<T>(path, { signal });
  } catch (error) {
    if (error instanceof ApiError && [404, 405].includes(error.status)) return null;
    throw error;
  }
}

export const ENDED: ReadonlySet<RunStatus> = new Set([
  "succeeded",
  "partial",
  "failed",
  "cancelled",
] as const);

export function useOverview() {
  return useQuery({
    queryKey: ["overview"],
    queryFn: ({ signal }) => optional<Overview>("/api/overview", signal),
    refetchInterval: useEvery(2_000),
  });
}

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
        `/api/families/${encodeURIComponent(family)}/coverage${search({ now: String(now) })}`,
        signal,
      ),
    staleTime: 60_000,
  });
}

export interface RunFilter {
  readonly family: string | null;
  readonly status: string | null;
  readonly startedBy: string | null;
  readonly retryOf?: string | null;
  readonly parent?: string | null;
  readonly backfill?: string | null;
  /** How far back from now; else `from` and `to`. */
  readonly since?: string | null;
  readonly from?: string | null;
  readonly to?: string | null;
}

export function useRuns(filter: RunFilter) {
  const every = useEvery(4_000);
  return useInfiniteQuery({
    queryKey: ["runs", filter],
    queryFn: ({ signal, pageParam }) => {
      const { since = null, from = null, to = null, ...rest } = filter;
      const asked = { ...rest, ...stretch(since, { from, to }, new Date()) };
      return call<{ runs: Run[]; nextCursor: string | null }>(
        `/api/runs${search({ ...asked, limit: PAGE, cursor: pageParam })}`,
        { signal },
      );
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
    // Every page is asked for again, so only the first few are kept up to date by themselves.
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 4 ? false : every),
  });
}

/** What is asked of a run, whoever asks. */
export const ofRun = {
  run: (id: string) => ({
    queryKey: ["run", id],
    queryFn: async ({ signal }: Asked) => (await call<{ run: Run }>(path.run(id), { signal })).run,
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
        `${path.run(id)}/events${search({ limit: 100, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
  });
}

export function useItems(run: string, status: ItemStatus | null, cursor: string | null) {
  return useQuery({
    queryKey: ["run", run, "items", status, cursor],
    queryFn: ({ signal }) =>
      call<{ items: Item[]; nextCursor: string | null }>(
        `${path.run(run)}/items${search({ status, cursor, limit: PAGE })}`,
        { signal },
      ),
    placeholderData: keepPreviousData,
    refetchInterval: useEvery(5_000),
  });
}

export function useItem(run: string, item: string) {
  const every = useEvery(2_000);
  return useQuery({
    queryKey: ["run", run, "item", item],
    queryFn: ({ signal }) => call<{ item: Item; steps: Step[] }>(path.item(run, item), { signal }),
    refetchInterval: ({ state }) => {
      const status = state.data?.item.status;
      return status === undefined || status === "pending" || status === "suspended" ? every : false;
    },
  });
}

export function useSuspended(run: string, waits: boolean) {
  const every = useEvery(4_000);
  return useQuery({
    queryKey: ["run", run, "suspended"],
    queryFn: ({ signal }) =>
      call<{ suspended: Question[]; nextCursor: string | null }>(
        `${path.run(run)}/suspended?limit=50`,
        { signal },
      ),
    refetchInterval: waits ? every : false,
  });
}

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

/** Of an expression that nobody has saved. */
export function useFireTimes(expression: string, tz: string) {
  return useQuery({
    queryKey: ["fire-times", expression, tz],
    queryFn: ({ signal }) =>
      call<FireTimes>(`/api/schedules/fire-times${search({ expression, tz })}`, { signal }),
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
