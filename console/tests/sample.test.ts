import { describe, expect, it } from "vitest";
import { sampleOf } from "../src/views/start/sampleFields";

const body = {
  params: { tone: "warm" },
  force: true,
  limit: 80,
  canary: 5,
  budget: { usd: 9 },
  attempts: 2,
};

describe("a sample of what a start would be for", () => {
  it("says which items, and nothing of how a run goes on", () => {
    expect(sampleOf(body, "50", "").asked).toEqual({
      params: { tone: "warm" },
      force: true,
      limit: 80,
      size: 50,
    });
  });

  it("has a budget of its own", () => {
    expect(sampleOf(body, "3", "0.5").asked["budget"]).toEqual({ usd: 0.5 });
  });

  it("is not sent where it cannot be meant", () => {
    expect(sampleOf(body, "200", "1").fault).toBeNull();
    for (const size of ["", "0", "201", "1.5"]) {
      expect(sampleOf(body, size, "").fault).toBe("A sample is of 1 to 200.");
    }
    for (const usd of ["0", "-1", "much"]) {
      expect(sampleOf(body, "50", usd).fault).toBe("A budget is more than nothing.");
    }
  });
});
