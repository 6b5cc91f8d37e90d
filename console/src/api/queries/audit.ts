/** Who did what. */
import { queryString } from "../../format/queryString";
import { stretch } from "../../format/stretch";
import { ROOT } from "../../page/root";
import type { AuditEntry } from "../types";
import { usePages } from "./pages";

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
  return usePages<{ entries: AuditEntry[] }>(
    ["audit", filter],
    (cursor) => `/api/audit${queryString({ ...asked(filter), limit: PAGE, cursor })}`,
  );
}

/** Where all of it is, as a file. */
export function auditFile(filter: AuditFilter): string {
  return `${ROOT}/api/audit${queryString({ ...asked(filter), format: "csv" })}`;
}

function asked({ since, from, to, ...rest }: AuditFilter) {
  return { ...rest, ...stretch(since, { from, to }, new Date()) };
}
