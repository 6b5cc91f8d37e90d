/** What a sample is asked, from what a run would be. */
import { S } from "../../strings";

export const USUAL = 50;
export const MOST = 200;
const OF_RUN = ["params", "force", "limit", "itemIds"] as const;
/** The rest of a run's options says how it goes on, of which a sample has nothing. */

export interface SampleAsked {
  readonly asked: Readonly<Record<string, unknown>>;
  /** Why it cannot be sent; null: it can. */
  readonly fault: string | null;
}

export function sampleOf(
  body: Readonly<Record<string, unknown>>,
  size: string,
  usd: string,
): SampleAsked {
  const taken = OF_RUN.filter((name) => body[name] !== undefined);
  const budget = usd.trim() === "" ? null : Number(usd);
  const number = Number(size);
  const sound = Number.isInteger(number) && number >= 1 && number <= MOST;
  return {
    asked: {
      ...Object.fromEntries(taken.map((name) => [name, body[name]])),
      size: number,
      ...(budget === null ? {} : { budget: { usd: budget } }),
    },
    fault: !sound
      ? S.start.sampling.badSize(MOST)
      : budget !== null && !(budget > 0)
        ? S.start.sampling.badUsd
        : null,
  };
}
