import { useId } from "react";
import { S } from "../../strings";

/** Why, for whoever looks later. May stay empty. */
export function NoteField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{S.common.note}</label>
      <input
        id={id}
        type="text"
        maxLength={500}
        autoComplete="off"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}
