import type { AuditEntry } from "../../api/types";
import { to } from "../../page/links";
import { Link } from "../../parts/controls/Link";
import { Json } from "../../parts/values/Json";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";

const A = S.audit;

/** What somebody did, to what, and why. */
export function Entry({ entry }: { readonly entry: AuditEntry }) {
  const changed = {
    ...(entry.before === null ? {} : { [A.before]: entry.before }),
    ...(entry.after === null ? {} : { [A.after]: entry.after }),
  };
  return (
    <li>
      <Time at={entry.at} />
      <div>
        <p>
          <span className="strong">{A.actions[entry.action]}</span>{" "}
          <Link href={addressOf(entry)}>{nameOf(entry)}</Link>{" "}
          <span className="muted">{S.events.by(entry.who)}</span>
        </p>
        {entry.note !== null && <p className="said">{entry.note}</p>}
        {Object.keys(changed).length > 0 && <Json value={changed} open={1} />}
      </div>
    </li>
  );
}

function nameOf({ subject, name, family, before, after }: AuditEntry): string {
  if (subject === "flow_key" || subject === "family") return name;
  const called = (after ?? before)?.["name"];
  const named = subject === "schedule" || subject === "notification";
  if (named && typeof called === "string") return called;
  return family === null ? name : `${family} ${name}`;
}

function addressOf({ subject, name }: AuditEntry): string {
  if (subject === "run") return to(["runs", name]);
  if (subject === "backfill") return to(["backfills", name]);
  if (subject === "notification") return to(["notifications"]);
  if (subject === "family") return to(["families", name]);
  return subject === "flow_key" ? to(["flow-control"]) : to(["schedules"]);
}
