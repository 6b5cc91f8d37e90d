import { describe, expect, it } from "vitest";
import { expectedTime } from "../src/format/estimates";

describe("how long a run will take", () => {
  it.each([
    [null, null],
    [{ seconds: null }, null],
    [{ seconds: 0 }, "0 s"],
    [{ seconds: 6.4 }, "6.4 s"],
    [{ seconds: 6.4, atLeast: false }, "6.4 s"],
    [{ seconds: 6.4, atLeast: true }, "at least 6.4 s"],
  ])("of %j is %j", (estimate, said) => {
    expect(expectedTime(estimate)).toBe(said);
  });
});
