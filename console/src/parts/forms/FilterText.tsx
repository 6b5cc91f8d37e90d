import { refine } from "../../page/router";

/** One value of the address's query that is typed: it counts once Enter is pressed, or the field is
 * left. */
export function FilterText({
  name,
  query,
  label,
  empty,
}: {
  readonly name: string;
  readonly query: URLSearchParams;
  readonly label: string;
  readonly empty: string;
}) {
  const asked = query.get(name) ?? "";
  function ask(typed: string): void {
    // Whoever passes through the field has changed nothing, and the way back leads on as before.
    if (typed !== asked) refine({ [name]: typed.trim() });
  }
  return (
    <label>
      <span>{label}</span>
      <input
        type="text"
        placeholder={empty}
        defaultValue={asked}
        key={asked}
        onBlur={(event) => ask(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") ask(event.currentTarget.value);
        }}
      />
    </label>
  );
}
