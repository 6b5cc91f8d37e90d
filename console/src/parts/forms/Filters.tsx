import { Fragment, type ReactNode, useState } from "react";
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
  const [cleared, setCleared] = useState(0);
  function clear(): void {
    refine(Object.fromEntries([...query.keys()].map((key) => [key, null])));
    setCleared(cleared + 1);
  }
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()}>
      {/* What a field holds besides the address, such as what is typed into it, goes as well. */}
      <Fragment key={cleared}>{children}</Fragment>
      {query.size > 0 && (
        <Button tone="quiet" onClick={clear}>
          {S.runs.clear}
        </Button>
      )}
    </form>
  );
}
