import { S } from "../../strings";

/** Of a run, an item or a step: the word says what the colour says. */
export function Badge({ status }: { readonly status: string }) {
  const words: Readonly<Record<string, string>> = S.status;
  return (
    <span className={`badge is-${status}`}>
      <span className="dot" aria-hidden="true" />
      {words[status] ?? status}
    </span>
  );
}
