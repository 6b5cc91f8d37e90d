/** Keys that work everywhere, unless one types. */
import { useEffect, useRef } from "react";
import { to } from "../page/links";
import { navigate } from "../page/router";

export const PLACES: Readonly<Record<string, readonly string[]>> = {
  o: [],
  f: ["families"],
  r: ["runs"],
  b: ["backfills"],
  c: ["flow-control"],
  s: ["schedules"],
  e: ["events"],
  q: ["questions"],
  n: ["notifications"],
  a: ["audit"],
};

const TOGETHER = 1_200;
/** Milliseconds within which the second key of `g r` must come. */

export interface Actions {
  readonly search: () => void;
  readonly help: () => void;
  readonly refresh: () => void;
  readonly pause: () => void;
  readonly theme: () => void;
}

export function useKeyboard(actions: Actions): void {
  // Kept over renders: one may come between two keys.
  const went = useRef(0);
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
      if (document.querySelector("dialog[open]") !== null) return;
      const place = PLACES[event.key];
      if (Date.now() - went.current < TOGETHER && place !== undefined) {
        went.current = 0;
        navigate(to(place));
        return event.preventDefault();
      }
      went.current = event.key === "g" ? Date.now() : 0;
      const action = {
        "/": actions.search,
        "?": actions.help,
        r: actions.refresh,
        p: actions.pause,
        t: actions.theme,
      }[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [actions]);
}

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("input, textarea, select, [contenteditable]") !== null
  );
}
