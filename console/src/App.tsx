import { useRef } from "react";
import { CurrentSession, useSession } from "./api/session";
import { type Place, usePlace } from "./page/router";
import { Problem } from "./parts/loading/dataStates";
import { later } from "./parts/loading/later";
import { Frame } from "./shell/Frame";
import { S } from "./strings";
import { FamiliesView } from "./views/families/FamiliesView";
import { OverviewView } from "./views/overview/OverviewView";
import { RunsView } from "./views/runs/RunsView";
import { SignInView } from "./views/session/SignInView";

// What few come for first is loaded when it is asked for.
const RunView = later(() => import("./views/run/RunView"));
const StartView = later(() => import("./views/start/StartView"));
const ItemView = later(() => import("./views/item/ItemView"));
const BackfillsView = later(() => import("./views/backfills/BackfillsView"));
const BackfillView = later(() => import("./views/backfills/BackfillView"));
const NewBackfillView = later(() => import("./views/backfills/NewBackfillView"));
const FlowView = later(() => import("./views/flow/FlowView"));
const QuestionsView = later(() => import("./views/questions/QuestionsView"));
const EventsView = later(() => import("./views/events/EventsView"));
const AuditView = later(() => import("./views/audit/AuditView"));
const NotificationsView = later(() => import("./views/notifications/NotificationsView"));
const SchedulesView = later(() => import("./views/schedules/SchedulesView"));

export function App() {
  const session = useSession();
  const been = useRef(false);
  been.current ||= session.data != null;
  if (session.data === null) return <SignInView over={been.current} />;
  if (session.data === undefined && session.error !== null) {
    return (
      <main className="alone">
        <Problem error={session.error} again={() => void session.refetch()} />
      </main>
    );
  }
  // The view asks while it is not yet known who looks: if nobody does, its answers say so too.
  return (
    <CurrentSession value={session.data}>
      <Frame>
        <View />
      </Frame>
    </CurrentSession>
  );
}

function View() {
  const place = usePlace();
  return <Chosen place={place} key={place.parts.slice(0, 2).join("/")} />;
}

function Chosen({ place: { parts, query } }: { readonly place: Place }) {
  const [view = "", id, part, item] = parts;
  if (view === "") return <OverviewView />;
  if (view === "families" && id === undefined) return <FamiliesView />;
  if (view === "families" && id !== undefined) return <StartView family={id} />;
  if (view === "runs" && id === undefined) return <RunsView query={query} />;
  const asked = part === "item" ? query.get("id") : part === "items" ? (item ?? null) : null;
  if (view === "runs" && id !== undefined && asked !== null) {
    return <ItemView run={id} item={asked} />;
  }
  if (view === "runs" && id !== undefined) {
    return <RunView id={id} part={part ?? ""} query={query} />;
  }
  if (view === "backfills" && id === undefined) return <BackfillsView query={query} />;
  if (view === "backfills" && id === "new") return <NewBackfillView query={query} />;
  if (view === "backfills" && id !== undefined) return <BackfillView id={id} query={query} />;
  if (view === "flow-control") return <FlowView />;
  if (view === "schedules") return <SchedulesView />;
  if (view === "questions") return <QuestionsView query={query} />;
  if (view === "notifications") return <NotificationsView />;
  if (view === "events") return <EventsView query={query} />;
  if (view === "audit") return <AuditView query={query} />;
  return (
    <section>
      <h1>{S.shell.nowhere}</h1>
      <p>{S.shell.nowhereMore}</p>
    </section>
  );
}
