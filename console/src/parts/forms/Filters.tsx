import type { ReactNode } from "react";
import { refine } from "../../page/router";
import { S } from "../../strings";
import { Button } from "../controls/Button";

/** What is chosen from a list: all of it in the address, so that it can be sent to somebody. */
export function Filters({
  query,
  children,
}: {
  readonly query: URLSearchParams;
  readonly children: ReactNode;
}) {
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()}>
      {children}
      {query.size > 0 && (
        <Button
          tone="quiet"
          onClick={() => refine(Object.fromEntries([...query.keys()].map((key) => [key, null])))}
        >
          {S.runs.clear}
        </Button>
      )}
    </form>
  );
}
