import { expect, it } from "vitest";
import { local, moment, stretch } from "../src/format/stretch";

const now = new Date("2026-03-02T12:00:00Z");

it("counts back from now where no end is named", () => {
  expect(stretch("24h", { from: null, to: null }, now)).toEqual({
    from: "2026-03-01T12:00:00.000Z",
    to: null,
  });
});

it("leaves named ends where they are, and knows no other words", () => {
  const named = { from: "2026-03-01T00:00:00Z", to: null };
  expect(stretch(null, named, now)).toEqual(named);
  expect(stretch("for ever", named, now)).toEqual(named);
});

it("writes a moment in the viewer's zone and reads it back", () => {
  const at = "2026-03-02T12:34:00.000Z";
  expect(moment(local(at))).toBe(at);
  expect(local("nonsense")).toBe("");
  expect(moment("")).toBe(null);
});
