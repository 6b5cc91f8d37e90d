import { describe, expect, it } from "vitest";
import { fieldsOf, initialOf, read } from "../src/parts/forms/schemaFields";

const SCHEMA = {
  $defs: { Tone: { enum: ["warm", "dry"], type: "string" } },
  required: ["count", "approved"],
  properties: {
    paidOnly: { type: "boolean", default: false, title: "Paidonly" },
    count: { type: "integer", minimum: 1, maximum: 9, description: "of images" },
    tone: { $ref: "#/$defs/Tone", default: "warm" },
    note: { anyOf: [{ type: "string", maxLength: 1000 }, { type: "null" }], default: null },
    key: { type: "string", format: "password", writeOnly: true },
    ids: { type: "array", items: { type: "string" } },
    approved: { type: "boolean" },
    shape: { anyOf: [{ type: "integer" }, { type: "string" }] },
  },
};
const FIELDS = fieldsOf(SCHEMA);
const kinds = Object.fromEntries(FIELDS.map((field) => [field.name, field.kind]));

describe("the fields of a schema", () => {
  it("have a control that fits", () => {
    expect(kinds).toEqual({
      paidOnly: "boolean",
      count: "integer",
      tone: "choice",
      note: "long",
      key: "secret",
      ids: "list",
      approved: "choice",
      shape: "json",
    });
  });

  it("are called by their names in words", () => {
    expect(FIELDS[0]?.label).toBe("Paid only");
    const titled = { paid_only: { title: "Paid Only" }, paidOnly: { title: "Paid, only" } };
    const labels = fieldsOf({ properties: titled }).map((field) => field.label);
    expect(labels).toEqual(["Paid only", "Paid, only"]);
  });

  it("take what the address says, but no secret", () => {
    const values = initialOf(FIELDS, new URLSearchParams("count=4&tone=dry&key=s"));
    expect(values).toMatchObject({ count: "4", tone: '"dry"', key: "", paidOnly: "false" });
  });
});

describe("what was typed", () => {
  it("is data of the schema's types", () => {
    const typed = {
      count: "4",
      tone: '"dry"',
      paidOnly: "true",
      ids: "a\n b \n",
      approved: "false",
    };
    expect(read(FIELDS, typed)).toEqual({
      data: { count: 4, tone: "dry", paidOnly: true, ids: ["a", "b"], approved: false },
      faults: {},
    });
  });

  it("has faults where it is none", () => {
    expect(read(FIELDS, { count: "4.5", shape: "{" }).faults).toEqual({
      count: "is not a whole number",
      approved: "is needed",
      shape: "is not JSON",
    });
  });
});
