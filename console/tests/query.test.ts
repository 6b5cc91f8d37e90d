import { expect, it } from "vitest";
import { queryString, refined } from "../src/format/queryString";

it("a query says only what there is", () => {
  expect(queryString({ a: "1 2", b: null, c: "", d: undefined, e: 0 })).toBe("?a=1+2&e=0");
  expect(queryString({ a: null })).toBe("");
});

it.each([
  ["?who=a%20b", { who: "a b" }],
  ["?name=invoice/paid", { name: "invoice/paid" }],
  ["?who=ops", { name: "" }],
  ["", { who: null, name: undefined }],
])("what is asked already is no change: %s", (query, change) => {
  expect(refined(query, change)).toBeNull();
});

it("one value changes, and the others stay", () => {
  expect(refined("?who=a&since=24h", { who: "b" })).toBe("?who=b&since=24h");
  expect(refined("?who=a&since=24h", { who: "" })).toBe("?since=24h");
  expect(refined("?who=a", { who: null })).toBe("");
  expect(refined("?who=", { who: null })).toBe("");
});
