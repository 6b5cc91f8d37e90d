/** What is asked of runs, many at once. */
import { queryString } from "../../format/queryString";
import { stretch } from "../../format/stretch";
import type { Run } from "../types";
import { usePages } from "./pages";

const PAGE = 50;

export interface RunFilter {
  readonly family: string | null;
  readonly status: string | null;
  readonly startedBy: string | null;
  readonly retryOf?: string | null;
  readonly parent?: string | null;
  readonly follows?: string | null;
  readonly backfill?: string | null;
  /** How far back from now; else `from` and `to`. */
  readonly since?: string | null;
  readonly from?: string | null;
  readonly to?: string | null;
}

export function useRuns(filter: RunFilter) {
  return usePages<{ runs: Run[] }>(["runs", filter], (cursor) => {
    const { since = null, from = null, to = null, ...rest } = filter;
    const asked = { ...rest, ...stretch(since, { from, to }, new Date()) };
    return `/api/runs${queryString({ ...asked, limit: PAGE, cursor })}`;
  });
}
