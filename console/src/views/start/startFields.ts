/** What may be said of a start: over what is there, or for one of one's own. */
import type { Family } from "../../api/types";
import { OF_ONE, optionFields, readOptions } from "../../parts/forms/runOptions";
import { type Field, fieldsOf, read, type Values } from "../../parts/forms/schemaFields";

/** In the address, behind which no param and no option is called. */
export const OWN = "run.own";
const ENTITY = "entity.";

export interface Form {
  /** Of an entity of one's own, under `entity.`; empty: it is over what is there. */
  readonly entity: readonly Field[];
  readonly params: readonly Field[];
  readonly options: readonly Field[];
}

export function formOf(family: Family, own: boolean): Form {
  const options = optionFields(family);
  return {
    entity:
      own && family.invokes !== null
        ? fieldsOf(family.invokes).map((field) => ({ ...field, name: ENTITY + field.name }))
        : [],
    params: fieldsOf(family.params),
    options: own ? options.filter(({ name }) => OF_ONE.has(name)) : options,
  };
}

export function allOf({ entity, params, options }: Form): Field[] {
  return [...entity, ...params, ...options];
}

export interface Asked {
  readonly body: Readonly<Record<string, unknown>>;
  readonly faults: Readonly<Record<string, string>>;
}

export function bodyOf(form: Form, values: Values, own: boolean): Asked {
  const entity = read(form.entity, values);
  const params = read(form.params, values);
  const options = readOptions(form.options, values);
  const named = Object.entries(entity.data).map(([name, value]) => [
    name.slice(ENTITY.length),
    value,
  ]);
  return {
    body: {
      ...(own ? { entity: Object.fromEntries(named) } : {}),
      params: params.data,
      ...options.data,
    },
    faults: { ...entity.faults, ...params.faults, ...options.faults },
  };
}

/** A fault of the service by the field that has it: `entity.lines.1` is one of `entity.lines`. */
export function fieldOf(path: string): string {
  const [first = "", second = ""] = path.split(".");
  if (first === "params" && second !== "") return second;
  if (first === "entity" && second !== "") return ENTITY + second;
  return `run.${path.replace("budget.", "").replace("ramp.start", "ramp")}`;
}
