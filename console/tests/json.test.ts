import { describe, expect, it } from "vitest";
import { readJson, typedInteger, typedJson, typedNumber, writeJson } from "../src/format/json";
import { count } from "../src/format/numbers";
import { fieldsOf, initialOf, read, writtenAs } from "../src/parts/forms/schemaFields";

const BIG = "9007199254740993";
const HUGE = "-123456789012345678901234567890";

describe("what the service says", () => {
  it("keeps integers of any size", () => {
    const text = `{"id":${BIG},"of":[${HUGE},1e+23,0.30000000000000004,-7],"text":"${BIG}"}`;
    expect(readJson(text)).toEqual({
      id: BigInt(BIG),
      of: [BigInt(HUGE), 1e23, 0.30000000000000004, -7],
      text: BIG,
    });
    expect(writeJson(readJson(text))).toBe(text);
  });

  it("is numbers where these are exact", () => {
    expect(readJson('{"runs": 9007199254740991, "rate": 12345678901234567.0}')).toEqual({
      runs: Number.MAX_SAFE_INTEGER,
      rate: 12345678901234567,
    });
  });

  it("is written as JSON writes it", () => {
    const value = { a: [undefined, null, "x\n"], b: undefined };
    expect(writeJson(value)).toBe(JSON.stringify(value));
    expect(writeJson(undefined)).toBe("null");
  });
});

describe("a number that somebody typed", () => {
  it("is exact, whatever its size", () => {
    expect(typedInteger(BIG)).toBe(BigInt(BIG));
    expect(typedInteger(`+${BIG}`)).toBe(BigInt(BIG));
    expect(typedInteger(" 12 ")).toBe(12);
    expect(typedInteger("1e3")).toBe(1000);
    expect(typedNumber("0.10")).toBe(0.1);
    expect(typedNumber("1e23")).toBe(1e23);
    expect(typedNumber("-0.0")).toBe(-0);
    expect(typedJson(`{"a": [${BIG}, 0.5]}`)).toEqual({ a: [BigInt(BIG), 0.5] });
  });

  it.each([
    [typedInteger, "4.5", "whole"],
    [typedInteger, "12x", "not a number"],
    [typedInteger, "1e400", "larger than any"],
    [typedNumber, "0x10", "not a number"],
    [typedNumber, "1e400", "larger than any"],
    [typedNumber, "1e-400", "more digits"],
    [typedNumber, BIG, "more digits"],
    [typedNumber, "0.1234567890123456789", "more digits"],
    [typedJson, '{"a": 1e400}', "larger than any"],
    [typedJson, '{"a": 0.1234567890123456789}', "more digits"],
    [typedJson, '{"a": 1, "a": 2}', "not JSON"],
    [typedJson, "{", "not JSON"],
    [typedJson, "NaN", "not JSON"],
  ])("is refused by %o where %s would be rounded, or is none", (reads, text, why) => {
    expect(() => reads(text)).toThrow(why);
  });
});

describe("a form", () => {
  const fields = fieldsOf({
    properties: {
      seed: { type: "integer", minimum: 1 },
      ids: { type: "array", items: { type: "integer" } },
      level: { enum: [1, BigInt(BIG)] },
      rate: { type: "number", maximum: 5 },
    },
  });

  it("sends integers as they were typed", () => {
    const typed = { seed: BIG, ids: `[${BIG}]`, level: BIG, rate: "0.5" };
    const { data, faults } = read(fields, typed);
    expect(faults).toEqual({});
    expect(writeJson(data)).toBe(`{"seed":${BIG},"ids":[${BIG}],"level":${BIG},"rate":0.5}`);
  });

  it("shows what was stored as it is", () => {
    expect(writtenAs("integer", BigInt(BIG))).toBe(BIG);
    expect(writtenAs("json", [BigInt(BIG)])).toBe(`[${BIG}]`);
    expect(fields.find(({ name }) => name === "level")?.choices).toEqual(["1", BIG]);
    expect(initialOf(fields, new URLSearchParams({ seed: BIG }))["seed"]).toBe(BIG);
    expect(count(BigInt(BIG))).toBe("9,007,199,254,740,993");
  });

  it("tells what is out of range, or could not be kept", () => {
    const { faults } = read(fields, { seed: "0", rate: "5.5", ids: "[1e999]" });
    expect(faults).toEqual({
      seed: "is at least 1",
      rate: "is at most 5",
      ids: "is larger than any number that can be kept",
    });
  });
});

it("is read and written in one place", () => {
  const sources: Record<string, string> = import.meta.glob("../src/**/*.{ts,tsx}", {
    query: "?raw",
    import: "default",
    eager: true,
  });
  const others = Object.entries(sources)
    .filter(([name, text]) => !name.endsWith("format/json.ts") && /JSON\.(parse|stringify)|\.json\(\)/.test(text))
    .map(([name]) => name);
  expect(Object.keys(sources).length).toBeGreaterThan(50);
  expect(others).toEqual([]);
});
