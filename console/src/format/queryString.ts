/** The query of an address. */

export type Query = Readonly<Record<string, string | number | null | undefined>>;

/** With its question mark; "" where nothing is said. What is null or empty is left out. */
export function queryString(query: Query): string {
  return refined("", query) ?? "";
}

/** The same with other values; null takes one away.
 *
 * @returns null: it has these already, however they are written in it
 */
export function refined(query: string, change: Query): string | null {
  const params = new URLSearchParams(query);
  let same = true;
  for (const [name, value] of Object.entries(change)) {
    const wanted = value === null || value === undefined || value === "" ? null : String(value);
    if (params.get(name) === wanted) continue;
    same = false;
    if (wanted === null) params.delete(name);
    else params.set(name, wanted);
  }
  if (same) return null;
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}
