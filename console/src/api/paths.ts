/** Addresses of the API: of a run, and of an item of it. */
import { queryString } from "../format/queryString";

export const path = {
  run: (id: string) => `/api/runs/${encodeURIComponent(id)}`,
  /** The id in the query: in a path a dot or a slash would lead elsewhere. */
  item: (run: string, id: string, action: "" | "/stream" | "/resume" | "/link" = "") =>
    `/api/runs/${encodeURIComponent(run)}/item${action}${queryString({ id })}`,
};
