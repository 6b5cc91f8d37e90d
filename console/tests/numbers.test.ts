import { describe, expect, it } from "vitest";
import { bytes, count, money, percent, rate } from "../src/format/numbers";

describe("numbers", () => {
  it("groups thousands", () => expect(count(1_234_567)).toBe("1,234,567"));

  it("says 100% only of all", () => {
    expect(percent(99_999, 100_000)).toBe("99%");
    expect(percent(100_000, 100_000)).toBe("100%");
  });

  it("does not say 0% of something", () => {
    expect(percent(1, 100_000)).toBe("<1%");
    expect(percent(0, 100_000)).toBe("0%");
    expect(percent(0, 0)).toBe("0%");
  });

  it("gives a rate the places that matter", () => {
    expect([0.25, 3.44, 99.62, 1234.5].map(rate)).toEqual(["0.25", "3.4", "99.6", "1,235"]);
  });

  it("writes little money with more places", () => {
    expect([0, 0.0123, 12.5].map(money)).toEqual(["$0.00", "$0.0123", "$12.50"]);
  });

  it("writes sizes in units of a thousand", () => {
    expect([999, 1_500, 2_500_000].map(bytes)).toEqual(["999 bytes", "1.5 kB", "2.5 MB"]);
  });
});
