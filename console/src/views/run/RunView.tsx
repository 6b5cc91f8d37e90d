import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useFamily } from "../../api/queries/families";
import { askAhead, useHistory, useLayers, useRun } from "../../api/queries/run";
import { useFollowing } from "../../api/runStream";
import { ENDED } from "../../api/statuses";
import type { Run } from "../../api/types";
import { to } from "../../page/links";
import { useTitle } from "../../page/title";
import { Link } from "../../parts/controls/Link";
import { Shown } from "../../parts/loading/dataStates";
import { later } from "../../parts/loading/later";
import { S } from "../../strings";
import { Actions } from "./Actions";
import { Details } from "./Details";
import { Events } from "./Events";
import { Failures } from "./Failures";
import { Finish } from "./Finish";
import { HandedOver } from "./HandedOver";
import { Header } from "./Header";
import { Items } from "./Items";
import { RunLine } from "./RunLine";
import { Standing } from "./Standing";
import { Suspended } from "./Suspended";

// Begun with this file, beside the questions: apart so that it can be shown before they are here.
const picture = import("./picture/FlowPicture");
const charts = import("./Charts");
const FlowPicture = later(() => picture);
const Charts = later(() => charts);

interface Props {
  readonly id: string;
  readonly part: string;
  readonly query: URLSearchParams;
}

export default function RunView({ id, part, query }: Props) {
  const run = useRun(id);
  const active = run.data !== undefined && !ENDED.has(run.data.status);
  const up = useFollowing(id, active);
  const client = useQueryClient();
  useEffect(() => askAhead(client, id), [client, id]);
  useTitle(run.data === undefined ? id : S.run.title(run.data.family, S.status[run.data.status]));
  return (
    <>
      {run.data === undefined && <Unknown id={id} />}
      <Shown of={run}>
        {(found) => (
          <>
            {!up && (
              <p className="note late" role="status">
                {S.run.reconnecting}
              </p>
            )}
            <Whole run={found} part={part} query={query} />
          </>
        )}
      </Shown>
    </>
  );
}

/** Until it is here, and where it never comes. */
function Unknown({ id }: { readonly id: string }) {
  return (
    <h1 className="id">
      <code>{id}</code>
    </h1>
  );
}

function Whole({
  run,
  part,
  query,
}: {
  readonly run: Run;
  readonly part: string;
  readonly query: URLSearchParams;
}) {
  const active = !ENDED.has(run.status);
  const layers = useLayers(run.id, active).data ?? null;
  const history = useHistory(run.id, active).data ?? null;
  const pace = history?.at(-1)?.itemsPerSecond ?? null;
  return (
    <>
      <Header run={run} inHand={layers?.execute.inHand ?? null} actions={<Actions run={run} />} />
      <RunLine run={run} />
      <Standing run={run} pace={pace} />
      <Parts run={run} part={part} />
      {part === "items" && <Items run={run} query={query} />}
      {part === "events" && <Events run={run} />}
      {part === "details" && <Details run={run} />}
      {!["items", "events", "details"].includes(part) && (
        <>
          {run.entity !== null && <HandedOver run={run} />}
          <FlowPicture run={run} layers={layers} pace={pace} />
          <Finish run={run} />
          <Suspended run={run} />
          <Failures run={run} />
          {history !== null && history.length > 1 && <Charts points={history} />}
        </>
      )}
    </>
  );
}

function Parts({ run, part }: { readonly run: Run; readonly part: string }) {
  const family = useFamily(run.family);
  const parts = [
    ["", S.run.parts.flow],
    ["items", S.run.parts.items(family?.entities ?? S.run.items)],
    ["events", S.run.parts.events],
    ["details", S.run.parts.details],
  ] as const;
  return (
    <nav className="parts" aria-label={S.run.parts.label}>
      {parts.map(([name, label]) => (
        <Link
          key={name}
          href={to(["runs", run.id, ...(name === "" ? [] : [name])])}
          aria-current={part === name ? "page" : undefined}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}
