/** Addresses below /console, by the History API. */
import { useMemo, useSyncExternalStore } from "react";
import { ROOT } from "../root";

export const BASE = `${ROOT}/console`;

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    removeEventListener("popstate", listener);
  };
}

export type Query = Readonly<Record<string, string | number | null | undefined>>;

/** The address of a view. Each part is one segment, whatever it holds. */
export function to(parts: readonly string[], query: Query = {}): string {
  const path = [BASE, ...parts.map(encodeURIComponent)].join("/");
  return `${path}${search(query)}`;
}

/** The view of an item. Its id is in the query: as a segment of a path a dot would lead elsewhere. */
export function toItem(run: string, id: string): string {
  return to(["runs", run, "item"], { id });
}

export function search(query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") params.set(name, String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
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
  const params = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === undefined || value === "") params.delete(name);
    else params.set(name, String(value));
  }
  const text = params.toString();
  navigate(location.pathname + (text === "" ? "" : `?${text}`), { replace });
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
