/** The first thing that the page does, before the rest of it is even read: what the view needs is on
 * its way meanwhile. Imports next to nothing, or that would come first. */
import { askEarly, forgetEarly } from "./api/earlyAnswers";
import { ROOT } from "./page/root";

const [, run, below] = /\/console\/runs\/([^/]+)(\/.*)?$/.exec(location.pathname) ?? [];
if (run !== undefined) {
  void import("./views/run/RunView");
  const own = `${ROOT}/api/runs/${run}`;
  askEarly(own);
  if (below === undefined || below === "/") {
    void import("./views/run/picture/FlowPicture");
    void import("./views/run/Charts");
    for (const part of ["layers", "history", "failures"]) askEarly(`${own}/${part}`);
  }
}
askEarly(`${ROOT}/api/session`);
forgetEarly();
