import { expect, it } from "vitest";
import type { Family, Schedule } from "../src/api/types";
import { bodyOf, changed, formOf, valuesOf } from "../src/views/schedules/scheduleFields";

const family = {
  name: "letters",
  entities: "users",
  approval: false,
  params: { properties: { paidOnly: { type: "boolean", default: false } } },
} as unknown as Family;
const schedule = {
  name: "nightly",
  family: "letters",
  expression: "0 3 * * *",
  tz: "UTC",
  catchUp: "none",
  params: { paidOnly: true },
  options: { force: false, limit: 5, budget: { usd: 2, tokens: null }, ramp: { start: 3 } },
} as unknown as Schedule;

it("holds what the schedule says, and says the same again", () => {
  const form = formOf([family], family, true);
  const { body, faults } = bodyOf(form, valuesOf(schedule, form));
  expect(faults).toEqual({});
  expect(body).toEqual({
    expression: "0 3 * * *",
    tz: "UTC",
    catchUp: "none",
    params: { paidOnly: true },
    options: { limit: 5, budget: { usd: 2 }, ramp: { start: 3 } },
  });
});

it("leaves alone what nobody touched", () => {
  const form = formOf([family], family, true);
  const { body } = bodyOf(form, valuesOf(schedule, form));
  expect(Object.keys(changed(body, { expression: "1 3 * * *" }))).toEqual([
    "expression",
    "tz",
    "catchUp",
  ]);
  expect(changed(body, { "params.paidOnly": "true" })).toHaveProperty("params");
});

it("needs a family of a new one", () => {
  const form = formOf([family], undefined, false);
  expect(bodyOf(form, {}).faults).toHaveProperty("family");
});
