/** The query of an address. */

export type Query = Readonly<Record<string, string | number | null | undefined>>;

/** With its question mark; "" where nothing is said. What is null or empty is left out. */
export function queryString(query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") params.set(name, String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}
