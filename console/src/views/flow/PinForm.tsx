import { useState } from "react";
import { faultsOf } from "../../api/client";
import type { Flow } from "../../api/types";
import { useChange } from "../../api/useChange";
import { Button } from "../../parts/controls/Button";
import { NoteField } from "../../parts/forms/NoteField";
import { fieldsOf, read } from "../../parts/forms/schemaFields";
import { SchemaForm } from "../../parts/forms/SchemaForm";
import { Problem } from "../../parts/loading/dataStates";
import { S } from "../../strings";

const F = S.flow;
const LIMITS = {
  parallelism: { title: F.parallelism, type: "integer", minimum: 1 },
  rate: { title: F.rate, type: "number", minimum: 0 },
  periodSeconds: { title: F.period, type: "number", minimum: 0.001 },
};
/** What an empty field means, which the API wants to be said. */
const UNLIMITED = { parallelism: null, rate: null };
const FIELDS = fieldsOf({ properties: LIMITS });
const NAMED = fieldsOf({
  properties: { partition: { title: F.partition, type: "string" }, ...LIMITS },
  required: ["partition"],
});

export type Limits = Pick<Flow, "parallelism" | "rate" | "periodSeconds">;

interface Props {
  /** Of what the limits are put in force. */
  readonly address: string;
  readonly limits: Limits;
  /** Of this one alone; null: it is asked for. */
  readonly partition?: string | null;
  readonly onClose: () => void;
}

/** What is saved is in force in place of the code's until it is reset. */
export function PinForm({ address, limits, partition, onClose }: Props) {
  const fields = partition === null ? NAMED : FIELDS;
  const [values, setValues] = useState<Record<string, string>>({
    parallelism: limits.parallelism === null ? "" : String(limits.parallelism),
    rate: limits.rate === null ? "" : String(limits.rate),
    periodSeconds: String(limits.periodSeconds),
    ...(partition === null ? { partition: "" } : {}),
  });
  const { data, faults } = read(fields, values);
  const [note, setNote] = useState("");
  const named = typeof partition === "string" ? { partition } : {};
  const pin = useChange(
    () => [
      address,
      { method: "PUT", body: { ...UNLIMITED, ...data, ...named, note: note.trim() || null } },
    ],
    onClose,
  );
  const said = faultsOf(pin.error);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (Object.keys(faults).length === 0) pin.mutate(undefined);
      }}
    >
      <SchemaForm
        fields={fields}
        values={values}
        faults={{ ...said, ...faults }}
        onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
      />
      <p className="small muted">{F.empty}</p>
      {partition !== undefined && <p className="small muted">{F.partitionFollows}</p>}
      <NoteField value={note} onChange={setNote} />
      {pin.error !== null && <Problem error={pin.error} />}
      <div className="row">
        <Button type="submit" tone="main" busy={pin.isPending}>
          {F.pin}
        </Button>
        <Button onClick={onClose}>{S.common.back}</Button>
      </div>
    </form>
  );
}
