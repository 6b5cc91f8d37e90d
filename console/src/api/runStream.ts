/** A run's own stream: what happens to it, as it happens. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { readJson } from "../format/json";
import { useLive } from "../page/refreshing";
import { ROOT } from "../page/root";
import { path } from "./paths";
import type { EventKind, Progress, Run } from "./types";

const KINDS: readonly EventKind[] = [
  "created",
  "queued",
  "begun",
  "paused",
  "resumed",
  "promoted",
  "cancelling",
  "finishing",
  "ended",
  "followed",
  "answered",
  "retried",
  "retrying",
  "family_gone",
  "family_back",
  "taken_over",
  "batch_delayed",
  "throttled",
  "throttle_over",
  "repaired",
];
const SOONEST = 1_000;
const LATEST = 5_000;

/** Keeps what is known of the run right while it goes on.
 *
 * @returns whether the connection is up; true of a run that needs none.
 */
export function useFollowing(id: string, active: boolean): boolean {
  const client = useQueryClient();
  const { live } = useLive();
  const [up, setUp] = useState(true);
  useEffect(() => {
    if (!active || !live) return setUp(true);
    return follow(id, client, setUp);
  }, [id, active, live, client]);
  useFinalLook(id, active, client);
  return up;
}

/** The last progress may come before the last look at the failures, which then would never come. */
function useFinalLook(id: string, active: boolean, client: QueryClient): void {
  const was = useRef(false);
  useEffect(() => {
    if (was.current && !active) void client.invalidateQueries({ queryKey: ["run", id] });
    was.current = active;
  }, [id, active, client]);
}

function follow(id: string, client: QueryClient, tell: (up: boolean) => void): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = SOONEST;

  function open(): void {
    source = new EventSource(`${ROOT}${path.run(id)}/events`);
    source.onopen = () => {
      pause = SOONEST;
      tell(true);
      // What happened while nobody listened.
      void client.invalidateQueries({ queryKey: ["run", id] });
    };
    source.addEventListener("progress", (event: MessageEvent<string>) => {
      const progress = readJson(event.data) as Progress;
      client.setQueryData<Run>(["run", id], (run) => run && { ...run, ...progress });
    });
    for (const kind of KINDS) source.addEventListener(kind, happened);
    source.onerror = () => {
      tell(false);
      // A browser comes back by itself only when the connection broke, not when it was refused,
      // and it never says why. The question behind the invalidation does: 401 leads to sign in.
      source?.close();
      void client.invalidateQueries({ queryKey: ["run", id], exact: true });
      timer = setTimeout(open, pause);
      pause = Math.min(2 * pause, LATEST);
    };
  }

  let soon: ReturnType<typeof setTimeout> | undefined;
  function happened(): void {
    // The first answer brings every event there has been; one question is enough for all of them.
    clearTimeout(soon);
    soon = setTimeout(() => void client.invalidateQueries({ queryKey: ["run", id] }), 50);
  }

  open();
  return () => {
    clearTimeout(timer);
    clearTimeout(soon);
    source?.close();
  };
}
