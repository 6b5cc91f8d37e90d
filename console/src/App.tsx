import { lazy, Suspense } from "react";
import { CurrentSession, useSession } from "./api/session";
import { Loading, Problem } from "./parts/states";
import { Frame } from "./shell/Frame";
import { type Place, usePlace } from "./shell/router";
import { S } from "./strings";
import { FamiliesView } from "./views/FamiliesView";
import { OverviewView } from "./views/OverviewView";
import { RunsView } from "./views/RunsView";
import { SignInView } from "./views/SignInView";

// What few come for first is loaded when it is asked for.
const StartView = lazy(() => import("./views/start/StartView"));
const RunView = lazy(() => import("./views/run/RunView"));
const ItemView = lazy(() => import("./views/item/ItemView"));
const FlowView = lazy(() => import("./views/flow/FlowView"));
const SchedulesView = lazy(() => import("./views/schedules/SchedulesView"));

export function App() {
  const session = useSession();
  if (session.data === undefined) {
    return (
      <main className="alone">
        {session.error === null ? (
          <Loading />
        ) : (
          <Problem error={session.error} again={() => void session.refetch()} />
        )}
      </main>
    );
  }
  if (session.data === null) return <SignInView />;
  return (
    <CurrentSession value={session.data}>
      <Frame>
        <Suspense fallback={<Loading />}>
          <View />
        </Suspense>
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
  if (view === "runs" && id !== undefined && part === "items" && item !== undefined) {
    return <ItemView run={id} item={item} />;
  }
  if (view === "runs" && id !== undefined) {
    return <RunView id={id} part={part ?? ""} query={query} />;
  }
  if (view === "flow-control") return <FlowView />;
  if (view === "schedules") return <SchedulesView />;
  return (
    <section>
      <h1>{S.shell.nowhere}</h1>
      <p>{S.shell.nowhereMore}</p>
    </section>
  );
}
