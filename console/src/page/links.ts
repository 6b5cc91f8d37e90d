/** Addresses of the views. */
import { type Query, queryString } from "../format/queryString";
import { ROOT } from "./root";

export const BASE = `${ROOT}/console`;

/** The address of a view. Each part is one segment, whatever it holds. */
export function to(parts: readonly string[], query: Query = {}): string {
  const path = [BASE, ...parts.map(encodeURIComponent)].join("/");
  return `${path}${queryString(query)}`;
}

/** The view of an item. Its id is in the query: as a segment of a path a dot would lead elsewhere. */
export function toItem(run: string, id: string): string {
  return to(["runs", run, "item"], { id });
}
