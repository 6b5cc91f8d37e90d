import { useId } from "react";
import { readJson } from "../../format/json";
import { S } from "../../strings";
import type { Field, Values } from "./schemaFields";

/** One control for each field of a schema. */
export function SchemaForm({
  fields,
  values,
  faults,
  onChange,
}: {
  readonly fields: readonly Field[];
  readonly values: Values;
  readonly faults: Readonly<Record<string, string>>;
  readonly onChange: (name: string, value: string) => void;
}) {
  return (
    <div className="fields">
      {fields.map((field) => (
        <FieldRow
          key={field.name}
          field={field}
          value={values[field.name] ?? ""}
          fault={faults[field.name] ?? null}
          onChange={(value) => onChange(field.name, value)}
        />
      ))}
    </div>
  );
}

interface RowProps {
  readonly field: Field;
  readonly value: string;
  readonly fault: string | null;
  readonly onChange: (value: string) => void;
}

function FieldRow({ field, value, fault, onChange }: RowProps) {
  const id = useId();
  const told = [field.description !== null && `${id}-about`, fault !== null && `${id}-fault`]
    .filter(Boolean)
    .join(" ");
  return (
    <div className={`field kind-${field.kind}`}>
      <label htmlFor={id}>
        {field.label}
        {field.required && <abbr title={S.form.required}>*</abbr>}
      </label>
      <Control
        field={field}
        value={value}
        onChange={onChange}
        id={id}
        aria={{
          "aria-invalid": fault !== null,
          "aria-required": field.required,
          ...(told === "" ? {} : { "aria-describedby": told }),
        }}
      />
      {field.description !== null && (
        <p className="about" id={`${id}-about`}>
          {field.description}
        </p>
      )}
      {fault !== null && (
        <p className="fault" id={`${id}-fault`}>
          {fault}
        </p>
      )}
    </div>
  );
}

interface ControlProps {
  readonly field: Field;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly id: string;
  readonly aria: Readonly<Record<string, string | boolean>>;
}

function Control({ field, value, onChange, id, aria }: ControlProps) {
  const shared = { id, name: field.name, ...aria };
  const typed = {
    ...shared,
    value,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  };
  switch (field.kind) {
    case "boolean":
      return (
        <input
          {...shared}
          type="checkbox"
          checked={value === "true"}
          onChange={(event) => onChange(String(event.target.checked))}
        />
      );
    case "choice":
      return (
        <select {...typed}>
          {(!field.required || field.initial === "") && <option value="">{S.form.none}</option>}
          {field.choices.map((choice) => (
            <option key={choice} value={choice}>
              {wordOf(choice)}
            </option>
          ))}
        </select>
      );
    case "long":
    case "list":
    case "json":
      return (
        <textarea
          {...typed}
          rows={field.kind === "long" ? 5 : 3}
          spellCheck={field.kind === "long"}
          placeholder={field.kind === "list" ? S.form.onePerLine : undefined}
        />
      );
    case "integer":
    case "number":
      return (
        // Not type="number": what a browser takes for none, such as 1e400, would be gone unseen.
        <input
          {...typed}
          type="text"
          inputMode={field.kind === "integer" ? "numeric" : "decimal"}
          autoComplete="off"
        />
      );
    case "secret":
      return <input {...typed} type="password" autoComplete="off" />;
    case "date":
      return <input {...typed} type="date" />;
    case "datetime":
      return <input {...typed} type="datetime-local" />;
    case "text":
      return <input {...typed} type="text" autoComplete="off" />;
  }
}

function wordOf(choice: string): string {
  if (choice === "true") return S.form.yes;
  if (choice === "false") return S.form.no;
  const value = readJson(choice);
  return typeof value === "string" ? value : choice;
}
