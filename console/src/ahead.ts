/** The first thing that the page does, before the rest of it is even read: what the view needs is on
 * its way meanwhile. Imports next to nothing, or that would come first. */
import { ROOT } from "./root";

/** Milliseconds; what nobody has asked for by then is out of date. */
const KEPT = 5_000;
const begun = new Map<string, Promise<Response>>();

function begin(path: string): void {
  const answer = fetch(path, {
    credentials: "same-origin",
    headers: { Accept: "application/json" },
  });
  answer.catch(() => undefined); // whoever takes it is told
  begun.set(path, answer);
}

/** What was begun, for whoever asks first; null: nothing was, or it came to nothing, which may be
 * other by now: one may have signed in since. */
export async function takeAhead(path: string): Promise<Response | null> {
  const asked = begun.get(path);
  begun.delete(path); // an answer can be read once
  const answer = await asked?.catch(() => null);
  return answer?.ok === true ? answer : null;
}

const [, run, below] = /\/console\/runs\/([^/]+)(\/.*)?$/.exec(location.pathname) ?? [];
if (run !== undefined) {
  void import("./views/run/RunView");
  const own = `${ROOT}/api/runs/${run}`;
  begin(own);
  if (below === undefined || below === "/") {
    void import("./views/run/FlowPicture");
    void import("./views/run/Charts");
    for (const part of ["layers", "history", "failures"]) begin(`${own}/${part}`);
  }
}
begin(`${ROOT}/api/session`);
setTimeout(() => begun.clear(), KEPT);
