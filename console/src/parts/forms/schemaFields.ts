/** A JSON schema as the fields of a form, and what was typed there as data. */
import { readJson, typedInteger, typedJson, typedNumber, writeJson } from "../../format/json";
import { spaced } from "../../format/params";
import { S } from "../../strings";

export type Kind =
  | "boolean"
  | "choice"
  | "number"
  | "integer"
  | "text"
  | "long"
  | "secret"
  | "date"
  | "datetime"
  | "list"
  | "json";

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly kind: Kind;
  readonly required: boolean;
  readonly nullable: boolean;
  readonly description: string | null;
  readonly initial: string;
  /** Of a choice: its values, as JSON. */
  readonly choices: readonly string[];
  readonly min: number | null;
  readonly max: number | null;
}

export type Schema = Readonly<Record<string, unknown>>;
/** As the form holds them: text, and of a list one line for each. */
export type Values = Readonly<Record<string, string>>;

const LONG = 200;
/** Characters from which a text gets several lines. */

export function fieldsOf(schema: Schema): Field[] {
  const properties = objectOf(schema["properties"]);
  const required = new Set(listOf(schema["required"]));
  return Object.entries(properties).map(([name, value]) =>
    fieldOf(name, objectOf(value), required.has(name), schema),
  );
}

function fieldOf(name: string, given: Schema, required: boolean, root: Schema): Field {
  const { schema, nullable } = plain(given, root);
  const outer = { ...schema, ...given };
  const choices = choicesOf(schema);
  const initial = outer["default"];
  const hasDefault = initial !== undefined && initial !== null;
  const asked = choices.length > 0 ? "choice" : kindOf(schema);
  // Where leaving out is no answer, or one of three, a tick says too little.
  const threefold = asked === "boolean" && (nullable || (required && !hasDefault));
  const kind = threefold ? "choice" : asked;
  return {
    name,
    label: labelOf(name, outer["title"]),
    kind,
    required,
    nullable,
    description: typeof outer["description"] === "string" ? outer["description"] : null,
    // A default that is secret is told as a mask, which is no value.
    initial: hasDefault && kind !== "secret" ? writtenAs(kind, initial) : "",
    choices: threefold ? ["true", "false"] : choices,
    min: numberOf(schema["minimum"]),
    max: numberOf(schema["maximum"]),
  };
}

/** Without references and without null. */
function plain(given: Schema, root: Schema): { schema: Schema; nullable: boolean } {
  const schema = resolved(given, root);
  const options = listOf(schema["anyOf"] ?? schema["oneOf"]).map((one) =>
    resolved(objectOf(one), root),
  );
  if (options.length > 0) {
    const rest = options.filter((one) => one["type"] !== "null");
    const [only] = rest;
    const nullable = rest.length < options.length;
    if (rest.length === 1 && only !== undefined) return { schema: only, nullable };
    return { schema: {}, nullable };
  }
  const all = listOf(schema["allOf"]);
  if (all.length === 1) return plain(objectOf(all[0]), root);
  return { schema, nullable: false };
}

function resolved(schema: Schema, root: Schema): Schema {
  const reference = schema["$ref"];
  if (typeof reference !== "string" || !reference.startsWith("#/")) return schema;
  let found: unknown = root;
  for (const part of reference.slice(2).split("/")) found = objectOf(found)[part];
  const { $ref: _, ...beside } = schema;
  return { ...objectOf(found), ...beside };
}

function choicesOf(schema: Schema): string[] {
  if (schema["const"] !== undefined) return [writeJson(schema["const"])];
  return listOf(schema["enum"]).map((value) => writeJson(value));
}

function kindOf(schema: Schema): Kind {
  switch (schema["type"]) {
    case "boolean":
      return "boolean";
    case "integer":
      return "integer";
    case "number":
      return "number";
    case "string":
      return textKind(schema);
    case "array":
      return objectOf(schema["items"])["type"] === "string" ? "list" : "json";
    default:
      return "json";
  }
}

function textKind(schema: Schema): Kind {
  if (schema["format"] === "password" || schema["writeOnly"] === true) return "secret";
  if (schema["format"] === "date") return "date";
  if (schema["format"] === "date-time") return "datetime";
  return (numberOf(schema["maxLength"]) ?? 0) > LONG ? "long" : "text";
}

/** `paidOnly` is `paid only`. A title that only repeats the name is left aside. */
function labelOf(name: string, title: unknown): string {
  const bare = (text: string): string => text.toLowerCase().replaceAll(/[\s_-]/g, "");
  if (typeof title === "string" && bare(title) !== bare(name)) return title;
  const words = spaced(name);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A value as the form holds it. */
export function writtenAs(kind: Kind, value: unknown): string {
  if (kind === "list" && Array.isArray(value)) return value.join("\n");
  if (kind === "json" || kind === "choice") return writeJson(value);
  return String(value);
}

export function initialOf(fields: readonly Field[], given: URLSearchParams | null): Values {
  return Object.fromEntries(
    fields.map((field) => {
      const said = field.kind === "secret" ? null : (given?.get(field.name) ?? null);
      if (said === null) return [field.name, field.initial];
      const quoted = writeJson(said);
      return [
        field.name,
        field.kind === "choice" && field.choices.includes(quoted) ? quoted : said,
      ];
    }),
  );
}

export interface Read {
  readonly data: Readonly<Record<string, unknown>>;
  /** By field: why it is no data. */
  readonly faults: Readonly<Record<string, string>>;
}

/** What was typed, as the service takes it. What is empty is left out, or null where it may be. */
export function read(fields: readonly Field[], values: Values): Read {
  const data: Record<string, unknown> = {};
  const faults: Record<string, string> = {};
  for (const field of fields) {
    const text = values[field.name] ?? "";
    if (text.trim() === "" && field.kind !== "boolean") {
      if (field.required && field.nullable) data[field.name] = null;
      else if (field.required) faults[field.name] = S.form.isNeeded;
      else if (field.initial !== "" && field.nullable) data[field.name] = null;
      else if (field.initial !== "" && (field.kind === "text" || field.kind === "long"))
        data[field.name] = "";
      else if (field.initial !== "" && field.kind === "list") data[field.name] = [];
      continue;
    }
    try {
      data[field.name] = valueOf(field, text);
    } catch (error) {
      faults[field.name] = error instanceof Error ? error.message : String(error);
    }
  }
  return { data, faults };
}

function valueOf(field: Field, text: string): unknown {
  switch (field.kind) {
    case "boolean":
      return text === "true";
    case "integer":
      return within(field, typedInteger(text));
    case "number":
      return within(field, typedNumber(text));
    case "list":
      return text
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
    case "datetime":
      return /[zZ]|[+-]\d\d:\d\d$/.test(text) ? text : new Date(text).toISOString();
    case "choice":
      return readJson(text);
    case "json":
      return typedJson(text);
    default:
      return text;
  }
}

function within<N extends number | bigint>({ min, max }: Field, value: N): N {
  if (min !== null && value < min) throw new Error(S.form.atLeast(min));
  if (max !== null && value > max) throw new Error(S.form.atMost(max));
  return value;
}

function objectOf(value: unknown): Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Schema)
    : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
