import { useSyncExternalStore } from "react";
import { ago, exact, moment } from "../../format/times";

/** One clock for all of the page. */
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export function useNow(): Date {
  return new Date(useSyncExternalStore(subscribe, () => now));
}

/** In the viewer's zone; the exact time shows on hover. */
export function Time({
  at,
  relative = false,
}: {
  readonly at: string;
  readonly relative?: boolean;
}) {
  const present = useNow();
  const date = new Date(at);
  return (
    <time dateTime={at} title={exact(date)}>
      {relative ? ago(date, present) : moment(date, present)}
    </time>
  );
}
