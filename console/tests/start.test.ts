import { describe, expect, it } from "vitest";
import type { Family } from "../src/api/types";
import { initialOf } from "../src/parts/forms/schemaFields";
import { cellsOf } from "../src/parts/values/cells";
import { allOf, bodyOf, fieldOf, formOf } from "../src/views/start/startFields";

const family = {
  name: "scenes",
  entity: "scene",
  entities: "scenes",
  approval: false,
  attempts: 5,
  params: { properties: { number: { type: "integer", default: 5, minimum: 1 } } },
  invokes: {
    required: ["scene"],
    properties: { scene: { type: "string", maxLength: 2000 }, number: { type: "integer" } },
  },
} as unknown as Family;
const names = (own: boolean): string[] => allOf(formOf(family, own)).map(({ name }) => name);

describe("a start for one of one's own", () => {
  it("has the fields of its entity, of the params, and options of one item", () => {
    expect(names(true)).toEqual([
      "entity.scene",
      "entity.number",
      "number",
      "run.attempts",
      "run.priority",
      "run.usd",
      "run.tokens",
      "run.approval",
      "run.deadlineSeconds",
    ]);
    expect(names(false)).toContain("run.itemIds");
    expect(names(false)).toContain("run.attempts");
    expect(names(false)).not.toContain("entity.scene");
  });

  it("says what was typed, and nothing of several items", () => {
    const given = new URLSearchParams(
      "entity.scene=A harbour&entity.number=7&number=2&run.limit=3&run.attempts=1",
    );
    const typed = initialOf([...allOf(formOf(family, true)), ...formOf(family, false).options], given);
    expect(bodyOf(formOf(family, true), typed, true).body).toEqual({
      entity: { scene: "A harbour", number: 7 },
      params: { number: 2 },
      attempts: 1,
    });
    expect(bodyOf(formOf(family, false), typed, false).body).toEqual({
      params: { number: 2 },
      limit: 3,
      attempts: 1,
    });
  });

  it("needs what its entity needs", () => {
    const empty = initialOf(allOf(formOf(family, true)), null);
    expect(bodyOf(formOf(family, true), empty, true).faults).toHaveProperty(["entity.scene"]);
    expect(bodyOf(formOf(family, false), empty, false).faults).toEqual({});
  });

  it("finds the field of each fault", () => {
    expect(
      ["entity.scene", "entity.lines.1", "params.number", "params.to.0.url", "budget.usd", "limit"].map(
        fieldOf,
      ),
    ).toEqual(["entity.scene", "entity.lines", "number", "to", "run.usd", "run.limit"]);
  });
});

describe("pictures that come in", () => {
  it("take the places of what was asked for, in its order, and come once", () => {
    const told = [
      { prompts: ["at dusk", "at dawn"] },
      { image: 2, file: "a/2.png", prompt: "at dawn" },
      { image: 2, file: "a/2.png", prompt: "at dawn" },
      { file: "b.webp" },
      { of: [{ file: "c.jpg", prompt: "unasked" }], page: "https://x.test/d.png" },
      "a text",
      null,
    ];
    expect(cellsOf(told)).toEqual([
      { prompt: "at dusk", file: null },
      { prompt: "at dawn", file: "a/2.png" },
      { prompt: null, file: "b.webp" },
      { prompt: "unasked", file: "c.jpg" },
    ]);
  });
});
