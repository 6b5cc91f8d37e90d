/** What a start would do, asked anew as one types. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { readJson, writeJson } from "../format/json";
import { S } from "../strings";
import { call, tooMuch } from "./client";

const QUIET = 350;
/** Milliseconds without a key pressed before it is asked. */

export interface Dry<T> {
  readonly found: T | undefined;
  readonly error: Error | null;
  /** What is shown is not yet of what was typed. */
  readonly pending: boolean;
  readonly ready: boolean;
  /** Why nothing can be started; null: it can. */
  readonly reason: string | null;
}

/** The value once it has been left alone for a moment. */
export function useQuiet<T>(value: T): T {
  const [quiet, setQuiet] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setQuiet(value), QUIET);
    return () => clearTimeout(timer);
  }, [value]);
  return quiet;
}

/**
 * @param body null: what was typed is no body yet
 * @param number how many it would be; nothing is started over none
 */
export function useDry<T>(
  address: string,
  body: object | null,
  number: (found: T) => number | null,
): Dry<T> {
  const wanted = body === null ? null : writeJson({ ...body, dryRun: true });
  const asked = useQuiet(wanted);
  const query = useQuery({
    queryKey: ["dry-run", address, asked],
    queryFn: ({ signal }) =>
      // Nobody waits for a superseded one: its signal ends it.
      call<T>(address, { method: "POST", body: readJson(asked ?? "{}"), signal }),
    enabled: asked !== null,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    gcTime: 0,
    retry: (failures, error) => failures < 2 && tooMuch(error),
  });
  const pending = wanted !== asked || query.isFetching;
  const error = pending ? null : query.error;
  const none = query.data !== undefined && number(query.data) === 0;
  const reason = reasonOf(
    wanted === null,
    pending,
    error !== null || query.data === undefined,
    none,
  );
  return {
    found: error === null ? query.data : undefined,
    error,
    pending,
    ready: reason === null,
    reason,
  };
}

function reasonOf(unsound: boolean, pending: boolean, failed: boolean, none: boolean) {
  if (unsound) return S.start.why.unsound;
  if (pending) return S.start.why.pending;
  if (failed) return S.start.why.error;
  return none ? S.start.why.zero : null;
}
