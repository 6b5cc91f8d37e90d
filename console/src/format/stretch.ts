/** The stretch of time that a list is of, as it stands in the address. */

export const HOURS = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 } as const;
export type Since = keyof typeof HOURS;

export interface Stretch {
  readonly from: string | null;
  readonly to: string | null;
}

/** `since` counts back from now, and so moves; `from` and `to` stay where they are. */
export function stretch(since: string | null, given: Stretch, now: Date): Stretch {
  const hours = HOURS[since as Since] as number | undefined;
  if (hours === undefined) return given;
  return { from: new Date(now.getTime() - hours * 3_600_000).toISOString(), to: null };
}

/** As a field for a local date and time holds it. */
export function local(iso: string | null): string {
  const at = new Date(iso ?? "");
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Whether both are one moment, to the minute that such a field shows; or neither is any. */
export function isSame(one: string | null, other: string | null): boolean {
  return local(one) === local(other);
}

/** What was typed there as a moment; null: it is none yet. */
export function moment(typed: string): string | null {
  const at = new Date(typed);
  return typed === "" || Number.isNaN(at.getTime()) ? null : at.toISOString();
}
