import { useFamily } from "../../api/queries/families";
import { BACKFILL_ENDED } from "../../api/statuses";
import type { Backfill } from "../../api/types";
import { spanned } from "../../format/backfillSpan";
import { brief } from "../../format/params";
import { to } from "../../page/links";
import { S } from "../../strings";
import { Link } from "../controls/Link";
import { Badge } from "../values/Badge";
import { Time } from "../values/Time";
import { PartitionBar, partitionsDone } from "./PartitionBar";

/** A backfill in a list. */
export function BackfillRow({ backfill }: { readonly backfill: Backfill }) {
  const { partitions } = backfill;
  const params = brief(backfill.params, useFamily(backfill.family)?.params);
  const bad = partitions.failed + partitions.partial;
  return (
    <li className="run-row">
      <div className="what">
        <Link href={to(["backfills", backfill.id])} className="strong">
          {backfill.family}
        </Link>
        <span className="small">
          {spanned(backfill.from, backfill.to)}
          {params !== "" && ` · ${params}`}
        </span>
        <code className="muted">{backfill.id}</code>
      </div>
      <Badge status={backfill.status} />
      <div className="far">
        <PartitionBar counts={partitions} moving={backfill.status === "running"} thin />
        <span className="small">
          {partitionsDone(partitions)}
          {!BACKFILL_ENDED.has(backfill.status) && ` · ${S.backfills.atWork(partitions.active)}`}
          {bad > 0 && ` · ${S.backfills.unwell(bad)}`}
        </span>
      </div>
      <div className="when small muted">
        <Time at={backfill.createdAt} relative />
        <span>{backfill.startedBy}</span>
      </div>
    </li>
  );
}
