/** The runs before one and behind it: by whose success, or step, each began. */
import { useQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { useEvery } from "../../page/refreshing";
import { call, optional } from "../client";
import { path } from "../paths";
import { ENDED } from "../statuses";
import type { Run } from "../types";

/** Of a line that is longer than that, this much is shown. */
const FORMER = 5;
const FOLLOWERS = 5;

/** The first one first. A finish is a part of its run, which stands before it. */
export function useFormerRuns(run: Run) {
  const last = run.finishOf ?? run.follows;
  return useQuery({
    queryKey: ["run", run.id, "former"],
    enabled: last !== null,
    queryFn: async ({ signal }) => {
      const found: Run[] = [];
      let id: string | null = last;
      while (id !== null && found.length < FORMER) {
        const answer: { run: Run } | null = await optional(path.run(id), signal);
        if (answer === null) break; // it was deleted, because it is old
        found.unshift(answer.run);
        id = answer.run.follows;
      }
      return found;
    },
  });
}

export interface Followers {
  /** The run that they follow. */
  readonly of: string;
  /** The newest first. */
  readonly runs: readonly Run[];
  readonly more: boolean;
}

/** @param moving further ones may come */
export function useFollowers(run: Run, moving: boolean) {
  const of = run.finishOf ?? run.id;
  const every = useEvery(5_000);
  return useQuery({
    queryKey: ["run", run.id, "followers"],
    queryFn: async ({ signal }): Promise<Followers> => {
      const asked = queryString({ follows: of, limit: FOLLOWERS });
      const found = await call<{ runs: Run[]; nextCursor: string | null }>(`/api/runs${asked}`, {
        signal,
      });
      return { of, runs: found.runs, more: found.nextCursor !== null };
    },
    refetchInterval: ({ state }) =>
      moving || state.data?.runs.some((one) => !ENDED.has(one.status)) ? every : false,
  });
}
