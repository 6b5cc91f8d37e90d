import { describe, expect, it } from "vitest";
import { type Standing, eta, shares } from "../src/format/eta";

const RUN: Standing = {
  toProcess: 1_000,
  exact: true,
  ended: 250,
  suspended: 0,
  activeSeconds: 25,
  running: true,
  itemsPerSecond: null,
};

describe("eta", () => {
  it("comes from active time", () => {
    expect(eta(RUN)).toEqual({ kind: "known", seconds: 75 });
  });

  it("prefers the recent pace, which a changed rate shows in", () => {
    expect(eta({ ...RUN, itemsPerSecond: 50 })).toEqual({ kind: "known", seconds: 15 });
  });

  it("falls back to the mean where nothing ended lately", () => {
    expect(eta({ ...RUN, itemsPerSecond: 0 })).toEqual({ kind: "known", seconds: 75 });
  });

  it.each([
    ["a total that nobody knows", { toProcess: null }, "total"],
    ["a run at whose items nothing has ended", { ended: 0 }, "pace"],
    ["a run that stands still", { running: false }, "still"],
    ["items that wait", { ended: 990, suspended: 10 }, "waits"],
  ] as const)("is unknown for %s", (_, change, why) => {
    expect(eta({ ...RUN, ...change })).toEqual({ kind: "unknown", why });
  });

  it("is nothing when all have ended", () => {
    expect(eta({ ...RUN, ended: 1_000 })).toEqual({ kind: "known", seconds: 0 });
  });

  it("is not negative when more ended than were counted", () => {
    expect(eta({ ...RUN, ended: 1_001 })).toEqual({ kind: "known", seconds: 0 });
  });
});

describe("shares", () => {
  it("are of the total", () => {
    expect(
      shares(
        [
          ["succeeded", 50],
          ["failed", 25],
        ],
        100,
      ),
    ).toEqual([
      { status: "succeeded", number: 50, share: 0.5 },
      { status: "failed", number: 25, share: 0.25 },
    ]);
  });

  it("leave out what is not there", () => {
    expect(shares([["succeeded", 0]], 10)).toEqual([]);
  });

  it("can be seen, however small", () => {
    const [, failed] = shares(
      [
        ["succeeded", 99_999],
        ["failed", 1],
      ],
      100_000,
    );
    expect(failed?.share).toBeGreaterThan(0.003);
  });

  it("never come to more than the bar", () => {
    const all = shares(
      [
        ["succeeded", 99_999],
        ["failed", 1],
        ["skipped", 1],
      ],
      100_000,
    );
    expect(all.reduce((sum, part) => sum + part.share, 0)).toBeLessThanOrEqual(1.000_001);
  });

  it("are of what there is where the total is unknown", () => {
    expect(shares([["succeeded", 5]], null)[0]?.share).toBe(1);
  });
});
