import { expect, it } from "vitest";
import { path } from "../src/api/paths";
import { toItem } from "../src/page/links";
import { parse } from "../src/page/router";

it.each(["a/stream", ".", "..", "a b?c=d&id=e#f", "%2F", "ünïcödé", "+", "'"])(
  "an item's address holds any id: %s",
  (id) => {
    for (const address of [toItem("run_1", id), path.item("run_1", id, "/stream")]) {
      const url = new URL(address, "http://sluice.test");
      expect(url.searchParams.get("id")).toBe(id);
      expect(url.pathname).toMatch(/\/runs\/run_1\/item(\/stream)?$/);
    }
    const url = new URL(toItem("run_1", id), "http://sluice.test");
    expect(parse(url.pathname, url.search).parts).toEqual(["runs", "run_1", "item"]);
  },
);
