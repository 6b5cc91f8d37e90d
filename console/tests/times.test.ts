import { describe, expect, it } from "vitest";
import { ago, duration, moment } from "../src/format/times";

describe("duration", () => {
  it.each([
    [0, "0 s"],
    [0.12, "120 ms"],
    [0.0001, "1 ms"],
    [3.24, "3.2 s"],
    [42, "42 s"],
    [59.7, "1 min"],
    [65, "1 min 5 s"],
    [3_600, "1 h"],
    [3_605, "1 h"],
    [3_900, "1 h 5 min"],
    [90_000, "1 d 1 h"],
    [-1, "0 s"],
    [Number.POSITIVE_INFINITY, "–"],
  ])("writes %d s as %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

describe("ago", () => {
  const now = new Date("2026-11-22T12:00:00Z");
  it.each([
    ["2026-11-22T11:59:58Z", "now"],
    ["2026-11-22T11:59:18Z", "42 s ago"],
    ["2026-11-22T10:30:00Z", "1 h ago"],
    ["2026-11-22T12:05:30Z", "in 5 min"],
    ["2026-11-20T11:00:00Z", "2 d ago"],
  ])("says of %s that it is %s", (at, text) => {
    expect(ago(new Date(at), now)).toBe(text);
  });
});

describe("moment", () => {
  it("leaves out of a time what is the same today", () => {
    const now = new Date(2026, 10, 22, 12, 0, 0);
    expect(moment(new Date(2026, 10, 22, 9, 5, 7), now)).toBe("09:05:07");
    expect(moment(new Date(2026, 10, 1, 9, 5, 7), now)).toBe("1 Nov, 09:05");
    expect(moment(new Date(2025, 10, 1, 9, 5, 7), now)).toBe("1 Nov 2025, 09:05");
  });
});
