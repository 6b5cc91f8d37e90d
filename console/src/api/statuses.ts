/** Which statuses are an end. */
import type { BackfillStatus, RunStatus } from "./types";

export const ENDED: ReadonlySet<RunStatus> = new Set([
  "succeeded",
  "partial",
  "failed",
  "cancelled",
] as const);

export const BACKFILL_ENDED: ReadonlySet<BackfillStatus> = new Set([
  "succeeded",
  "partial",
  "failed",
  "cancelled",
] as const);
