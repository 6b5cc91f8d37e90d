import { S } from "../strings";
import { duration } from "./times";

export interface Expected {
  readonly seconds: number | null;
  /** More items may be of the slowest partition than were counted. */
  readonly atLeast?: boolean;
}

/** How long a run will take; null: nobody knows. */
export function expectedTime(estimate: Expected | null): string | null {
  if (typeof estimate?.seconds !== "number") return null;
  const time = duration(estimate.seconds);
  return estimate.atLeast ? S.start.dry.least(time) : time;
}
