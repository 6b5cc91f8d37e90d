/** Params in a few words, for where a form would be too much. */

import { writeJson } from "./json";

const LONGEST = 28;
const MOST = 4;

type Values = Readonly<Record<string, unknown>>;

/** What differs from the schema's defaults: `day 2026-01-04 · paid only`. */
export function brief(params: Values, schema?: Values): string {
  const properties = (schema?.["properties"] ?? {}) as Readonly<Record<string, Values>>;
  const told = Object.entries(params)
    .filter(([name, value]) => says(value) && !same(value, properties[name]?.["default"]))
    .map(([name, value]) => (value === true ? spaced(name) : `${spaced(name)} ${written(value)}`));
  const more = told.length > MOST ? ["…"] : [];
  return [...told.slice(0, MOST), ...more].join(" · ");
}

function says(value: unknown): boolean {
  if (value === null || value === false || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

function same(value: unknown, other: unknown): boolean {
  return writeJson(value) === writeJson(other);
}

/** `paidOnly` is `paid only`. */
export function spaced(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll(/[_-]/g, " ")
    .toLowerCase();
}

function written(value: unknown): string {
  const text = typeof value === "string" ? value : writeJson(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
