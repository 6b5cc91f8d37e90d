import { S } from "../../strings";
import { Button } from "../controls/Button";

interface Pages {
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  readonly fetchNextPage: () => unknown;
}

/** A way to a list's next page, where there is one. */
export function More({ of, text = S.runs.more }: { readonly of: Pages; readonly text?: string }) {
  if (!of.hasNextPage) return null;
  return (
    <Button busy={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>
      {text}
    </Button>
  );
}
