import { useEffect, useRef, useState } from "react";
import { HOURS, isSame, local, moment } from "../../format/stretch";
import { refine } from "../../page/router";
import { S } from "../../strings";

const R = S.runs;
const BETWEEN = "between";

/** When they were created: so long ago at most, or between two moments. */
export function StretchFilter({ query }: { readonly query: URLSearchParams }) {
  const named = query.get("from") ?? query.get("to");
  const [asks, setAsks] = useState(named !== null);
  const since = query.get("since");
  const between = since === null && (asks || named !== null);
  function choose(value: string): void {
    setAsks(value === BETWEEN);
    refine({ since: value === BETWEEN ? null : value, from: null, to: null });
  }
  return (
    <>
      <label>
        <span>{R.since}</span>
        <select
          value={between ? BETWEEN : (since ?? "")}
          onChange={(event) => choose(event.target.value)}
        >
          <option value="">{R.anyTime}</option>
          {Object.keys(HOURS).map((one) => (
            <option key={one} value={one}>
              {R.times[one as keyof typeof HOURS]}
            </option>
          ))}
          <option value={BETWEEN}>{R.between}</option>
        </select>
      </label>
      {between && (
        <>
          <End name="from" label={R.from} at={query.get("from")} />
          <End name="to" label={R.to} at={query.get("to")} />
        </>
      )}
    </>
  );
}

function End({
  name,
  label,
  at,
}: {
  readonly name: string;
  readonly label: string;
  readonly at: string | null;
}) {
  const field = useRef<HTMLInputElement>(null);
  // The address may change otherwise than by this field. As long as it says the same, what is being
  // typed stays as it is: a year is a valid one from its first digit on.
  useEffect(() => {
    const input = field.current;
    if (input !== null && !isSame(moment(input.value), at)) input.value = local(at);
  }, [at]);
  return (
    <label>
      <span>{label}</span>
      <input
        type="datetime-local"
        ref={field}
        defaultValue={local(at)}
        onChange={(event) => refine({ [name]: moment(event.target.value) }, { replace: true })}
      />
    </label>
  );
}
