import { expect, it } from "vitest";
import { brief } from "../src/format/params";

const schema = { properties: { top: { default: 3 }, day: {}, paidOnly: { default: false } } };

it("tells what differs from the defaults", () => {
  expect(brief({ day: "2026-01-04", top: 3, paidOnly: true }, schema)).toBe(
    "day 2026-01-04 · paid only",
  );
  expect(brief({ top: 4, day: null, tags: [] }, schema)).toBe("top 4");
});

it("is short, whatever there is", () => {
  const many = Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`p${n}`, "x".repeat(99)]));
  const said = brief(many);
  expect(said.endsWith(" · …")).toBe(true);
  expect(said.length).toBeLessThan(150);
});
