import { useMemo, useState } from "react";
import { useChange } from "../../api/changing";
import { ApiError } from "../../api/client";
import { useFamilies } from "../../api/reading";
import { Confirm } from "../../parts/Confirm";
import { fieldsOf, initialOf, read, type Values } from "../../parts/schema";
import { SchemaForm } from "../../parts/SchemaForm";
import { S } from "../../strings";

const C = S.schedules;

export function NewSchedule({ onClose }: { readonly onClose: () => void }) {
  const families = useFamilies().data;
  const own = useMemo(() => ownFields(families?.map(({ name }) => name) ?? []), [families]);
  const [values, setValues] = useState<Values>(() => initialOf(own, null));
  const [tried, setTried] = useState(false);
  const chosen = families?.find(({ name }) => JSON.stringify(name) === values["family"]);
  const params = useMemo(() => (chosen === undefined ? [] : fieldsOf(chosen.params)), [chosen]);
  const all = { ...initialOf(params, null), ...values };
  const asked = read(own, all);
  const named = read(params, all);
  const faults = { ...asked.faults, ...named.faults };
  const make = useChange(
    () => ["/api/schedules", { method: "POST", body: { ...asked.data, params: named.data } }],
    onClose,
  );
  const said =
    make.error instanceof ApiError
      ? Object.fromEntries(
          make.error.faults.map(({ field, message }) => [field.replace(/^params\./, ""), message]),
        )
      : {};
  return (
    <Confirm
      title={C.make}
      action={C.makeNow}
      busy={make.isPending}
      error={make.error}
      onConfirm={() => {
        setTried(true);
        if (Object.keys(faults).length === 0) make.mutate(undefined);
      }}
      onClose={onClose}
    >
      <SchemaForm
        fields={[...own, ...params]}
        values={all}
        faults={{ ...said, ...(tried ? faults : {}) }}
        onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
      />
    </Confirm>
  );
}

function ownFields(families: readonly string[]) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return fieldsOf({
    required: ["family", "expression", "tz"],
    properties: {
      family: { title: C.family, enum: families },
      expression: { title: C.expression, description: C.expressionMore, type: "string" },
      tz: { title: C.zone, type: "string", default: zone },
      name: { title: C.name, description: C.nameMore, type: "string" },
    },
  });
}
