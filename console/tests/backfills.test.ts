import { expect, it } from "vitest";
import type { Family } from "../src/api/types";
import { spanned } from "../src/format/backfillSpan";
import { initialOf } from "../src/parts/forms/schemaFields";
import { bodyOf, formOf } from "../src/views/backfills/backfillFields";

it("writes whole days with the last one that is in", () => {
  expect(spanned("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")).toBe("1 Jan 2026 – 31 Jan 2026");
  expect(spanned("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")).toBe("1 Jan 2026");
});

it("writes other spans with their time", () => {
  expect(spanned("2026-01-01T05:00:00Z", "2026-01-01T09:00:00Z")).toBe(
    "1 Jan 2026, 05:00 – 1 Jan 2026, 09:00 UTC",
  );
});

const family = {
  name: "daily",
  entities: "users",
  approval: false,
  partitions: { unit: "day", param: "day" },
  params: {
    required: ["day", "to"],
    properties: { day: { type: "string", format: "date" }, to: { type: "string" } },
  },
} as unknown as Family;

it("asks for what a backfill does not fill in, and keeps params apart from its own fields", () => {
  const form = formOf(family);
  expect(form.params.map(({ name }) => name)).toEqual(["params.to"]);
  const given = new URLSearchParams("from=2026-01-01&to=2026-01-05&params.to=all&run.canary=3");
  const values = initialOf([...form.own, ...form.params, ...form.options], given);
  expect(bodyOf("daily", form, values)).toEqual({
    body: {
      family: "daily",
      from: "2026-01-01",
      to: "2026-01-05",
      mode: "missing",
      maxActive: 3,
      reverse: false,
      force: false,
      params: { to: "all" },
      canary: 3,
    },
    faults: {},
  });
  const { faults } = bodyOf("daily", form, initialOf(form.own, null));
  expect(Object.keys(faults)).toEqual(expect.arrayContaining(["from", "to", "params.to"]));
});
