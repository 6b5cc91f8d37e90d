import { type AuditFilter, auditFile, useAudit } from "../../api/queries/audit";
import { useTitle } from "../../page/title";
import { Empty, Shown } from "../../parts/loading/dataStates";
import { More } from "../../parts/loading/More";
import { S } from "../../strings";
import { AuditFilters } from "./AuditFilters";
import { Entry } from "./Entry";

const A = S.audit;

export default function AuditView({ query }: { readonly query: URLSearchParams }) {
  useTitle(A.title);
  const filter: AuditFilter = {
    subject: query.get("subject"),
    action: query.get("action"),
    name: query.get("name"),
    who: query.get("who"),
    since: query.get("since"),
    from: query.get("from"),
    to: query.get("to"),
  };
  const audit = useAudit(filter);
  return (
    <>
      <div className="head">
        <h1>{A.title}</h1>
        <div className="actions">
          <a className="button plain" href={auditFile(filter)} download="audit.csv">
            {A.file}
          </a>
        </div>
      </div>
      <p className="muted lead">{A.about}</p>
      <AuditFilters query={query} />
      <Shown of={audit}>
        {({ pages }) => {
          const shown = pages.flatMap((page) => page.entries);
          if (shown.length === 0) return <Empty command={A.command}>{A.none}</Empty>;
          return (
            <section className={audit.isPlaceholderData ? "stale" : ""}>
              <ol className="events">
                {shown.map((entry, number) => (
                  // The list says nothing by which two of one moment are told apart.
                  <Entry key={`${entry.at} ${entry.name} ${entry.action} ${number}`} entry={entry} />
                ))}
              </ol>
              <More of={audit} />
            </section>
          );
        }}
      </Shown>
    </>
  );
}
