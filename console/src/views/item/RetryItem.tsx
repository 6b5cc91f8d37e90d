import { useState } from "react";
import { useForbidden } from "../../api/session";
import type { Item, Run } from "../../api/types";
import { Button } from "../../parts/controls/Button";
import { RetryDialog } from "../../parts/runs/RetryDialog";
import { S } from "../../strings";

/** A run over this one item, once it has ended. */
export function RetryItem({ run, item }: { readonly run: Run; readonly item: Item }) {
  const [asks, setAsks] = useState(false);
  const forbidden = useForbidden("run");
  if (item.status === "pending" || item.status === "suspended") return null;
  return (
    <>
      <Button reason={forbidden} onClick={() => setAsks(true)}>
        {S.item.again}
      </Button>
      {asks && (
        <RetryDialog
          run={run}
          number={1}
          body={{ itemIds: [item.itemId], status: [item.status] }}
          what={S.item.againMore(item.itemId)}
          onClose={() => setAsks(false)}
        />
      )}
    </>
  );
}
