/** Where the page is below /console, by the History API. */
import { useMemo, useSyncExternalStore } from "react";
import { type Query, refined } from "../format/queryString";
import { ROOT } from "./root";

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    removeEventListener("popstate", listener);
  };
}

export function navigate(address: string, { replace = false } = {}): void {
  const here = location.pathname + location.search;
  if (here === address) return;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  for (const listener of listeners) listener();
  if (!replace) scrollTo(0, 0);
}

/** The same view with other values in its query; null takes one away. */
export function refine(change: Query, { replace = false } = {}): void {
  const query = refined(location.search, change);
  if (query !== null) navigate(location.pathname + query, { replace });
}

export interface Place {
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

export function parse(pathname: string, searchText: string): Place {
  // Whoever reaches the service without its proxy has an address without the proxy's path.
  const below = pathname.startsWith(`${ROOT}/`) ? pathname.slice(ROOT.length) : pathname;
  const inside = below.replace(/^\/console(?=\/|$)/, "");
  const parts = inside.split("/").filter((part) => part !== "");
  return { parts: parts.map(decoded), query: new URLSearchParams(searchText) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // an address that somebody typed
  }
}

export function usePlace(): Place {
  const address = useSyncExternalStore(subscribe, () => location.pathname + location.search);
  return useMemo(() => {
    const [path = "", query = ""] = address.split(/\?(.*)/s);
    return parse(path, query);
  }, [address]);
}
