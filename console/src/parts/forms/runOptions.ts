/** What may be asked of a run beside what it works on. */
import type { Family } from "../../api/types";
import { S } from "../../strings";
import { type Field, fieldsOf, read, type Values } from "./schemaFields";

const O = S.start.options;

/** Those that say something about a run of one item. */
export const OF_ONE: ReadonlySet<string> = new Set([
  "run.attempts",
  "run.usd",
  "run.tokens",
  "run.approval",
  "run.deadlineSeconds",
  "run.priority",
]);

/** A schema like that of the params, so that one form serves both. In the address, each name
 * stands behind `run.`, where no param can be. */
export function optionFields(family: Family): Field[] {
  const properties = {
    "run.limit": { title: O.limit, description: O.limitMore, type: "integer", minimum: 1 },
    "run.attempts": {
      title: O.attempts,
      description: O.attemptsMore(family.attempts),
      type: "integer",
      minimum: 1,
      maximum: 1000,
    },
    "run.priority": {
      title: O.priority,
      description: O.priorityMore(family.priority),
      type: "integer",
      minimum: 0,
      maximum: 9,
    },
    "run.canary": {
      title: O.canary,
      description: O.canaryMore,
      type: "integer",
      minimum: 1,
      maximum: 1000,
    },
    "run.autoPromote": {
      title: O.autoPromote,
      description: O.autoPromoteMore,
      type: "boolean",
      default: false,
    },
    "run.usd": { title: O.usd, description: O.usdMore, type: "number", minimum: 0 },
    "run.tokens": { title: O.tokens, type: "integer", minimum: 1 },
    "run.approval": {
      title: O.approval,
      description: family.approval ? O.approvalAlways : O.approvalMore,
      type: "boolean",
      default: family.approval,
    },
    "run.maxFailureRate": {
      title: O.failureRate,
      description: O.failureRateMore,
      type: "number",
      minimum: 0,
      maximum: 1,
    },
    "run.minItems": { title: O.minItems, description: O.minItemsMore, type: "integer", minimum: 1 },
    "run.deadlineSeconds": {
      title: O.deadline,
      description: O.deadlineMore,
      type: "number",
      minimum: 1,
    },
    "run.ramp": { title: O.rampStart, description: O.rampStartMore, type: "integer", minimum: 1 },
    "run.force": { title: O.force, description: O.forceMore, type: "boolean", default: false },
    "run.itemIds": { title: O.itemIds(family.entities), type: "array", items: { type: "string" } },
  };
  return fieldsOf({ properties });
}

export interface Options {
  readonly data: Readonly<Record<string, unknown>>;
  readonly faults: Readonly<Record<string, string>>;
}

/** As the process route takes them: what is as it would be anyway is left out. */
export function readOptions(fields: readonly Field[], values: Values): Options {
  const { data, faults } = read(fields, values);
  const given = (name: string): unknown => data[`run.${name}`];
  const budget = { ...some("usd", given("usd")), ...some("tokens", given("tokens")) };
  return {
    faults,
    data: {
      ...some("limit", given("limit")),
      ...some("attempts", given("attempts")),
      ...some("priority", given("priority")),
      ...some("canary", given("canary")),
      ...(given("autoPromote") === true ? { autoPromote: true } : {}),
      ...(given("approval") === true ? { approval: true } : {}),
      ...(given("force") === true ? { force: true } : {}),
      ...some("maxFailureRate", given("maxFailureRate")),
      ...some("minItems", given("minItems")),
      ...some("deadlineSeconds", given("deadlineSeconds")),
      ...(given("ramp") === undefined ? {} : { ramp: { start: given("ramp") } }),
      ...some("itemIds", given("itemIds")),
      ...(Object.keys(budget).length > 0 ? { budget } : {}),
    },
  };
}

function some(name: string, value: unknown): Record<string, unknown> {
  return value === undefined || value === null ? {} : { [name]: value };
}
