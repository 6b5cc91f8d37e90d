import { describe, expect, it } from "vitest";
import { spent } from "../src/layout/itemTime";
import { type Placed, picture } from "../src/layout/runPicture";
import { columns, timeline } from "../src/layout/steps";

const LAYERS = ["process", "paginate", "execute"];
const OUTCOMES = ["done", "failed", "suspended", "cancelled"];

function apart(one: Placed, other: Placed): boolean {
  return (
    one.x + one.width <= other.x ||
    other.x + other.width <= one.x ||
    one.y + one.height <= other.y ||
    other.y + other.height <= one.y
  );
}

describe.each([
  ["wide", false],
  ["narrow", true],
])("the picture of a run, %s", (_, narrow) => {
  const { boxes, width, height } = picture(LAYERS, OUTCOMES, narrow);

  it("has no box over another", () => {
    for (const [n, box] of boxes.entries()) {
      for (const other of boxes.slice(n + 1)) expect(apart(box, other)).toBe(true);
    }
  });

  it("is as large as it says", () => {
    for (const box of boxes) {
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.y).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(width);
      expect(box.y + box.height).toBeLessThanOrEqual(height);
    }
  });
});

it("fits a small telephone", () => {
  expect(picture(LAYERS, OUTCOMES, true).width).toBeLessThanOrEqual(320);
});

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const step = (name: string, position: number, from: number, to: number | null) => ({
  name,
  position,
  startedAt: at(from),
  finishedAt: to === null ? null : at(to),
});

describe("columns of steps", () => {
  const names = (steps: Parameters<typeof columns>[0]): string[][] =>
    columns(steps).map((column) => column.map(({ name }) => name));

  it("are one each where one follows the other", () => {
    expect(names([step("a", 1, 0, 1), step("b", 2, 1, 2)])).toEqual([["a"], ["b"]]);
  });

  it("hold together what ran side by side", () => {
    const steps = [
      step("prompts", 1, 0, 2),
      step("image-1", 2, 2, 5),
      step("image-2", 3, 2, 4),
      step("join", 4, 5, 6),
    ];
    expect(names(steps)).toEqual([["prompts"], ["image-1", "image-2"], ["join"]]);
  });

  it("take what has not ended for what goes on", () => {
    expect(names([step("a", 1, 0, null), step("b", 2, 3, null)])).toEqual([["a", "b"]]);
  });

  it("go by the order in which they were asked for", () => {
    expect(names([step("b", 2, 1, 2), step("a", 1, 0, 1)])).toEqual([["a"], ["b"]]);
  });
});

describe("the timeline", () => {
  it("lies between the first start and the last end", () => {
    const places = timeline([step("a", 1, 0, 1), step("b", 2, 1, 4)], 0);
    expect(places.get("a")).toEqual({ from: 0, share: 0.25 });
    expect(places.get("b")).toEqual({ from: 0.25, share: 0.75 });
  });

  it("goes on until now while a step does", () => {
    const places = timeline([step("a", 1, 0, null)], Date.parse(at(10)));
    expect(places.get("a")).toEqual({ from: 0, share: 1 });
  });
});

describe("the time of an item", () => {
  const wait = (from: number, to: number | null) => ({
    kind: "suspend",
    ...step("w", 1, from, to),
  });
  const item = { scheduledAt: at(0), startedAt: at(2), finishedAt: at(10) };

  it("is in the queue, then at work", () => {
    expect(spent(item, [], 0)).toEqual({ queued: 2, worked: 8, waited: 0 });
  });

  it("is not at work while a person is asked", () => {
    expect(spent(item, [wait(3, 9)], 0)).toEqual({ queued: 2, worked: 2, waited: 6 });
  });

  it("passes once for what waits side by side", () => {
    expect(spent(item, [wait(3, 7), wait(4, 9)], 0)).toMatchObject({ waited: 6 });
  });

  it("goes on until now", () => {
    const open = { ...item, finishedAt: null };
    expect(spent(open, [wait(3, null)], Date.parse(at(20)))).toEqual({
      queued: 2,
      worked: 1,
      waited: 17,
    });
  });

  it("is all in the queue before it began", () => {
    const open = { ...item, startedAt: null, finishedAt: null };
    expect(spent(open, [], Date.parse(at(5)))).toEqual({ queued: 5, worked: 0, waited: 0 });
  });

  it("began with its first step, whichever delivery the item tells of", () => {
    const late = { ...item, startedAt: at(8) };
    expect(spent(late, [{ kind: "run", ...step("a", 1, 1, 2) }], 0)).toMatchObject({ queued: 1 });
  });
});
