/** Who did what. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { queryString } from "../../format/queryString";
import { stretch } from "../../format/stretch";
import { useEvery } from "../../page/refreshing";
import { ROOT } from "../../page/root";
import { call } from "../client";
import type { AuditEntry } from "../types";

const PAGE = 50;

export interface AuditFilter {
  readonly subject: string | null;
  readonly action: string | null;
  readonly name: string | null;
  readonly who: string | null;
  /** How far back from now; else `from` and `to`. */
  readonly since: string | null;
  readonly from: string | null;
  readonly to: string | null;
}

export function useAudit(filter: AuditFilter) {
  const every = useEvery(4_000);
  return useInfiniteQuery({
    queryKey: ["audit", filter],
    queryFn: ({ signal, pageParam }) =>
      call<{ entries: AuditEntry[]; nextCursor: string | null }>(
        `/api/audit${queryString({ ...asked(filter), limit: PAGE, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 4 ? false : every),
  });
}

/** Where all of it is, as a file. */
export function auditFile(filter: AuditFilter): string {
  return `${ROOT}/api/audit${queryString({ ...asked(filter), format: "csv" })}`;
}

function asked({ since, from, to, ...rest }: AuditFilter) {
  return { ...rest, ...stretch(since, { from, to }, new Date()) };
}
