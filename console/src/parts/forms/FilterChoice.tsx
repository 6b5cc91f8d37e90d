import { refine } from "../../page/router";

/** One value of the address's query, or any. */
export function FilterChoice({
  name,
  query,
  label,
  all,
  choices,
}: {
  readonly name: string;
  readonly query: URLSearchParams;
  readonly label: string;
  readonly all: string;
  readonly choices: readonly (readonly [string, string])[];
}) {
  return (
    <label>
      <span>{label}</span>
      <select
        value={query.get(name) ?? ""}
        onChange={(event) => refine({ [name]: event.target.value })}
      >
        <option value="">{all}</option>
        {choices.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
