import { expect, it } from "vitest";
import { withViews } from "../src/api/routesAsViews";

it.each([
  ["There is no run x. GET /api/runs lists them.", "There is no run x. “Runs” lists them."],
  ["See GET /api/runs/run_1/failures.", "See “Failures” of run run_1."],
  ["It has no item. GET /api/runs/run_1/items lists them.", "It has no item. “Items” of run run_1 lists them."],
  ["when it has ended: POST /api/runs/run_1/finish.", "when it has ended: “Run the finish again” of run run_1."],
  ["Watch it: GET /api/runs/run_1", "Watch it: the page of run run_1"],
  ["GET /api/notifications/ops/deliveries lists them.", "“Last deliveries” lists them."],
  ["GET /api/runs/run_1/history is long.", "GET /api/runs/run_1/history is long."],
  ["GET /api/runs-of-mine", "GET /api/runs-of-mine"],
])("a route becomes its view: %s", (said, told) => {
  expect(withViews(said)).toBe(told);
});
