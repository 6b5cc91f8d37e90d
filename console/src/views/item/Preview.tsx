import { useMutation } from "@tanstack/react-query";
import { call } from "../../api/client";
import type { Family, Item, Preview as Previewed, Run } from "../../api/types";
import { duration } from "../../format/times";
import { Button } from "../../parts/controls/Button";
import { Problem } from "../../parts/loading/dataStates";
import { Badge } from "../../parts/values/Badge";
import { Diff } from "../../parts/values/Diff";
import { Json } from "../../parts/values/Json";
import { S } from "../../strings";

const V = S.preview;

/** What it would come to now; nothing is saved. */
export function Preview({
  run,
  item,
  family,
}: {
  readonly run: Run;
  readonly item: Item;
  readonly family: Family;
}) {
  // No change of anything, so nothing is to be looked at anew: not `useChange`.
  const preview = useMutation({
    mutationFn: () =>
      call<Previewed>(family.routes["execute"] ?? "", {
        method: "POST",
        body: { itemId: item.itemId, dryRun: true, params: run.params },
      }),
  });
  return (
    <section className="card stack">
      <div className="row between">
        <h2>{V.title}</h2>
        <Button busy={preview.isPending} onClick={() => preview.mutate()}>
          {preview.isPending ? V.busy : V.run}
        </Button>
      </div>
      <p className="small muted">{V.about}</p>
      {preview.error !== null && <Problem error={preview.error} />}
      {preview.data !== undefined && <Found of={preview.data} />}
    </section>
  );
}

function Found({ of }: { readonly of: Previewed }) {
  return (
    <div className="stack" aria-live="polite">
      <p>
        <Badge status={of.outcome} />{" "}
        <span className="muted">{V.took(duration(of.milliseconds / 1000))}</span>
      </p>
      {of.reason !== null && <p>{of.reason}</p>}
      {of.stop && (
        <>
          <p>{V.stop(of.stop.step, S.steps.kinds[of.stop.kind])}</p>
          <Json value={of.stop.payload} />
        </>
      )}
      {of.overwrites === true && of.outcome === "succeeded" && <p>{V.overwrites}</p>}
      {of.diff === "" && <p>{V.same}</p>}
      {of.diff ? (
        <Diff text={of.diff} />
      ) : (
        of.after !== null && of.after !== undefined && <Json value={of.after} />
      )}
    </div>
  );
}
