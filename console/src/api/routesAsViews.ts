/** The service's sentences name routes; who reads them here has views and buttons instead. */
import { S } from "../strings";

/** By route: where the same is found, or what is to be pressed. What a sentence names is to be in
 * here. Each `{}` is an id. */
const VIEWS: readonly (readonly [route: string, shown: (...ids: readonly string[]) => string])[] = [
  ["GET /api/families", () => S.routes.view(S.nav.families)],
  ["GET /api/runs", () => S.routes.view(S.nav.runs)],
  ["GET /api/runs/{}", (run) => S.routes.run(run)],
  ["GET /api/runs/{}/items", (run) => S.routes.items(run)],
  ["GET /api/runs/{}/failures", (run) => S.routes.part(S.failures.title, run)],
  ["POST /api/runs/{}/finish", (run) => S.routes.part(S.finish.again, run)],
  ["GET /api/backfills", () => S.routes.view(S.nav.backfills)],
  ["GET /api/schedules", () => S.routes.view(S.nav.schedules)],
  ["GET /api/notifications", () => S.routes.view(S.nav.notifications)],
  ["GET /api/notifications/{}/deliveries", () => S.routes.view(S.notifications.shown)],
  ["GET /api/flow-control", () => S.routes.view(S.nav.flow)],
  ["POST /api/item-lists", () => S.routes.lists],
];

/** An id in a path, without the end of the sentence behind it. */
const PART = "([^\\s/?]*[^\\s/?.,;:)'\"`])";
const PATTERNS = VIEWS.map(
  ([route, shown]) =>
    [new RegExp(`${route.replaceAll("{}", PART)}(?![\\w/?-])`, "g"), shown] as const,
);

/** The sentence, with views in place of the routes that it names. */
export function withViews(sentence: string): string {
  let told = sentence;
  for (const [pattern, shown] of PATTERNS) {
    // Behind the ids, `replace` hands over the place and the whole text.
    told = told.replace(pattern, (_, ...found: readonly unknown[]) =>
      shown(...found.slice(0, -2).map(String)),
    );
  }
  return told;
}
