/** What may be asked of a backfill, as the fields of its form and as the service takes it. */
import type { Family } from "../../api/types";
import { optionFields, readOptions } from "../../parts/forms/runOptions";
import { type Field, fieldsOf, read, type Values } from "../../parts/forms/schemaFields";
import { S } from "../../strings";

const F = S.backfills.form;
/** Of one run; a backfill chooses for each of its own. */
const NOT_OF_ALL: ReadonlySet<string> = new Set(["run.limit", "run.force", "run.itemIds"]);
const PARAMS = "params.";

export interface Form {
  readonly own: readonly Field[];
  /** Under `params.`, so that one may be named as a field of the form is. */
  readonly params: readonly Field[];
  readonly options: readonly Field[];
}

export function formOf(family: Family): Form {
  const cut = family.partitions;
  const day = cut?.unit === "day" || cut?.unit === "month";
  const end = day ? { type: "string", format: "date" } : { type: "string" };
  const own = fieldsOf({
    required: ["from", "to", "mode", "maxActive"],
    properties: {
      from: { ...end, title: F.from, description: day ? F.fromDay : F.fromMoment },
      to: { ...end, title: F.to, description: F.toMore },
      mode: {
        title: F.mode,
        description: F.modeMore,
        enum: ["missing", "missing-and-failed", "all"],
        default: "missing",
      },
      maxActive: {
        title: F.maxActive,
        description: F.maxActiveMore,
        type: "integer",
        minimum: 1,
        maximum: 100,
        default: 3,
      },
      reverse: { title: F.reverse, type: "boolean", default: false },
      force: { title: F.force, description: F.forceMore, type: "boolean", default: false },
    },
  });
  // A family that cuts in its own way says which of them it fills in only when it does.
  const params = fieldsOf(family.params)
    .filter(({ name }) => name !== cut?.param)
    .map((field) => ({
      ...field,
      name: PARAMS + field.name,
      required: field.required && cut?.param !== null,
    }));
  return {
    own,
    params,
    options: optionFields(family).filter(({ name }) => !NOT_OF_ALL.has(name)),
  };
}

export interface Asked {
  readonly body: Readonly<Record<string, unknown>>;
  readonly faults: Readonly<Record<string, string>>;
}

export function bodyOf(family: string, form: Form, values: Values): Asked {
  const own = read(form.own, values);
  const params = read(form.params, values);
  const options = readOptions(form.options, values);
  return {
    body: {
      family,
      ...own.data,
      params: Object.fromEntries(
        Object.entries(params.data).map(([name, value]) => [name.slice(PARAMS.length), value]),
      ),
      ...options.data,
    },
    faults: { ...own.faults, ...params.faults, ...options.faults },
  };
}
