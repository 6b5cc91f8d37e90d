/** What may be said of a schedule, as the fields of its form and as the service takes it. */
import type { Family, Schedule } from "../../api/types";
import { optionFields, readOptions } from "../../parts/forms/runOptions";
import {
  type Field,
  fieldsOf,
  initialOf,
  read,
  type Values,
  writtenAs,
} from "../../parts/forms/schemaFields";
import { S } from "../../strings";

const C = S.schedules;
const PARAMS = "params.";
/** Of a run that somebody starts by hand. */
const NOT_OF_ALL: ReadonlySet<string> = new Set(["run.itemIds"]);

export interface Form {
  readonly own: readonly Field[];
  /** Under `params.`, so that one may be named as a field of the form is. */
  readonly params: readonly Field[];
  readonly options: readonly Field[];
}

/** @param edits what is changed cannot get another family or name */
export function formOf(
  families: readonly Family[],
  family: Family | undefined,
  edits: boolean,
): Form {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const who = {
    family: { title: C.family, enum: families.map(({ name }) => name) },
    name: { title: C.name, description: C.nameMore, type: "string" },
  };
  const own = fieldsOf({
    required: ["family", "expression", "tz", "catchUp"],
    properties: {
      ...(edits ? {} : who),
      expression: { title: C.expression, description: C.expressionMore, type: "string" },
      tz: { title: C.zone, type: "string", default: zone },
      catchUp: {
        title: C.catchUp,
        description: C.catchUpMore,
        enum: ["one", "none"],
        default: "one",
      },
    },
  });
  if (family === undefined) return { own, params: [], options: [] };
  return {
    own,
    params: fieldsOf(family.params).map((field) => ({ ...field, name: PARAMS + field.name })),
    options: optionFields(family).filter(({ name }) => !NOT_OF_ALL.has(name)),
  };
}

export function allOf(form: Form): Field[] {
  return [...form.own, ...form.params, ...form.options];
}

/** What the schedule says now, as the form holds it. */
export function valuesOf(schedule: Schedule, form: Form): Values {
  const { expression, tz, catchUp, params, options } = schedule;
  const { budget, ramp, ...rest } = options;
  const said: Record<string, unknown> = { expression, tz, catchUp };
  for (const [name, value] of Object.entries(params)) said[PARAMS + name] = value;
  const flat = { ...rest, usd: budget?.usd, tokens: budget?.tokens, ramp: ramp?.start };
  for (const [name, value] of Object.entries(flat)) said[`run.${name}`] = value;
  const written = allOf(form)
    .filter(({ name }) => said[name] !== undefined && said[name] !== null)
    .map(({ name, kind }) => [name, writtenAs(kind, said[name])] as const);
  return { ...initialOf(allOf(form), null), ...Object.fromEntries(written) };
}

/** Without what nobody touched: params and options are replaced as a whole, and what is secret in
 * them is not known here. */
export function changed(body: Asked["body"], typed: Values): Asked["body"] {
  const { params, options, ...own } = body;
  const names = Object.keys(typed);
  return {
    ...own,
    ...(names.some((name) => name.startsWith(PARAMS)) ? { params } : {}),
    ...(names.some((name) => name.startsWith("run.")) ? { options } : {}),
  };
}

export interface Asked {
  readonly body: Readonly<Record<string, unknown>>;
  readonly faults: Readonly<Record<string, string>>;
}

export function bodyOf(form: Form, values: Values): Asked {
  const own = read(form.own, values);
  const params = read(form.params, values);
  const options = readOptions(form.options, values);
  const named = Object.entries(params.data).map(([name, value]) => [
    name.slice(PARAMS.length),
    value,
  ]);
  return {
    body: {
      ...own.data,
      ...(form.params.length > 0 ? { params: Object.fromEntries(named) } : {}),
      ...(form.options.length > 0 ? { options: options.data } : {}),
    },
    faults: { ...own.faults, ...params.faults, ...options.faults },
  };
}
