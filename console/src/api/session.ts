/** Who looks, and what the token is for. */
import { useQuery } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { S } from "../strings";
import { ApiError, call } from "./client";
import type { Scope, Session } from "./types";

export const SESSION = ["session"] as const;

/** Null: nobody has signed in, or the session is over. */
export function useSession() {
  return useQuery<Session | null>({
    queryKey: SESSION,
    queryFn: async ({ signal }) => {
      try {
        return await call<Session>("/api/session", { signal });
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null;
        throw error;
      }
    },
    staleTime: 60_000,
  });
}

/** Undefined: not yet known. */
export const CurrentSession = createContext<Session | undefined>(undefined);

/** Why the token may not do what needs the scope; null: it may. The server has the last word. */
export function useForbidden(scope: Scope): string | null {
  const session = useContext(CurrentSession);
  if (session === undefined) return S.common.loading;
  if (session.scopes.includes(scope)) return null;
  return S.common.needs(scope, session.name, session.scopes);
}
