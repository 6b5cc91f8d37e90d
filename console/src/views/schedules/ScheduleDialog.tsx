import { useMemo, useState } from "react";
import { faultsOf } from "../../api/client";
import { useFamilies } from "../../api/queries/families";
import type { Schedule } from "../../api/types";
import { useChange } from "../../api/useChange";
import { readJson } from "../../format/json";
import { Confirm } from "../../parts/forms/Confirm";
import { initialOf, type Values } from "../../parts/forms/schemaFields";
import { SchemaForm } from "../../parts/forms/SchemaForm";
import { S } from "../../strings";
import { FireTimes } from "./FireTimes";
import { allOf, bodyOf, changed, formOf, valuesOf } from "./scheduleFields";

const C = S.schedules;

/** Makes one, or changes what one says. */
export function ScheduleDialog({
  schedule,
  onClose,
}: {
  /** Null: a new one. */
  readonly schedule: Schedule | null;
  readonly onClose: () => void;
}) {
  const families = useFamilies().data;
  const [typed, setTyped] = useState<Values>({});
  const [tried, setTried] = useState(false);
  const named = schedule?.family ?? readJson(typed["family"] || "null");
  const family = families?.find(({ name }) => name === named);
  const form = useMemo(
    () => formOf(families ?? [], family, schedule !== null),
    [families, family, schedule],
  );
  const values = {
    ...(schedule === null ? initialOf(allOf(form), null) : valuesOf(schedule, form)),
    ...typed,
  };
  const { body, faults } = bodyOf(form, values);
  const save = useChange(
    (note: string | null) =>
      schedule === null
        ? ["/api/schedules", { method: "POST", body: { ...body, note } }]
        : [
            `/api/schedules/${encodeURIComponent(schedule.id)}`,
            { method: "PATCH", body: { ...changed(body, typed), note } },
          ],
    onClose,
  );
  const shared = {
    values,
    faults: { ...faultsOf(save.error, inForm), ...(tried ? faults : {}) },
    onChange: (name: string, value: string) => setTyped((before) => ({ ...before, [name]: value })),
  };
  // What is needed must be seen; what may be left out stands aside.
  const needed = form.params.some((field) => field.required);
  const more = needed ? form.options : [...form.params, ...form.options];
  return (
    <Confirm
      title={schedule === null ? C.make : C.editOf(schedule.name)}
      action={schedule === null ? C.makeNow : C.save}
      busy={save.isPending}
      error={save.error}
      noted
      onConfirm={(note) => {
        setTried(true);
        if (Object.keys(faults).length === 0) save.mutate(note);
      }}
      onClose={onClose}
    >
      <SchemaForm fields={form.own} {...shared} />
      <FireTimes expression={values["expression"] ?? ""} tz={values["tz"] ?? ""} />
      {needed && <SchemaForm fields={form.params} {...shared} />}
      {more.length > 0 && (
        <details open={more.some(({ name, initial }) => values[name] !== initial)}>
          <summary>{needed ? S.start.options.title : C.options}</summary>
          <SchemaForm fields={more} {...shared} />
        </details>
      )}
    </Confirm>
  );
}

function inForm(field: string): string {
  return field.replace(/^options\./, "run.");
}
