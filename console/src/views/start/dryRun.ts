/** What a start would do, asked anew as one types. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { call } from "../../api/client";
import type { DryRun, Family } from "../../api/types";
import { S } from "../../strings";

const QUIET = 350;
/** Milliseconds without a key pressed before it is asked. */

export interface Dry {
  readonly found: DryRun | undefined;
  readonly error: Error | null;
  /** What is shown is not yet of what was typed. */
  readonly pending: boolean;
  readonly ready: boolean;
  /** Why nothing can be started; null: it can. */
  readonly reason: string | null;
}

/** @param body null: what was typed is no body yet */
export function useDryRun(family: Family, body: object | null): Dry {
  const wanted = body === null ? null : JSON.stringify({ ...body, dryRun: true });
  const [asked, setAsked] = useState(wanted);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(wanted), QUIET);
    return () => clearTimeout(timer);
  }, [wanted]);
  const query = useQuery({
    queryKey: ["dry-run", family.name, asked],
    queryFn: ({ signal }) =>
      // Nobody waits for a superseded one: its signal ends it.
      call<DryRun>(family.routes["process"] ?? "", {
        method: "POST",
        body: JSON.parse(asked ?? "{}") as unknown,
        signal,
      }),
    enabled: asked !== null,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    gcTime: 0,
    retry: false,
  });
  const pending = wanted !== asked || query.isFetching;
  const error = pending ? null : query.error;
  const reason = reasonOf(wanted === null, pending, error, query.data);
  return {
    found: error === null ? query.data : undefined,
    error,
    pending,
    ready: reason === null,
    reason,
  };
}

function reasonOf(
  unsound: boolean,
  pending: boolean,
  error: Error | null,
  found: DryRun | undefined,
): string | null {
  if (unsound) return S.start.why.unsound;
  if (pending) return S.start.why.pending;
  if (error !== null || found === undefined) return S.start.why.error;
  return found.toProcess === 0 ? S.start.why.zero : null;
}
