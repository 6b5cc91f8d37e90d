import type { Trace } from "../../api/types";
import { Copy } from "../../parts/controls/Copy";
import { S } from "../../strings";

/** Its trace, and where that is looked at, if the service knows. */
export function TraceLine({ trace }: { readonly trace: Trace }) {
  const id = <code>{trace.traceId}</code>;
  return (
    <p className="small muted">
      {S.item.trace}{" "}
      {trace.url === null ? (
        id
      ) : (
        <a href={trace.url} target="_blank" rel="noreferrer">
          {id}
        </a>
      )}{" "}
      <Copy text={trace.traceId} />
    </p>
  );
}
