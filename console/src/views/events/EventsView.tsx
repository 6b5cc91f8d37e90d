import { useSentEvents, useUnmatchedEvents } from "../../api/queries/events";
import { to } from "../../page/links";
import { refine } from "../../page/router";
import { useTitle } from "../../page/title";
import { Button } from "../../parts/controls/Button";
import { Link } from "../../parts/controls/Link";
import { Empty, Shown } from "../../parts/loading/dataStates";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";
import { SentEventEntry } from "./SentEventEntry";

const E = S.sentEvents;

/** The last events, and what came of each; the name in the address, to be sent to somebody. */
export default function EventsView({ query }: { readonly query: URLSearchParams }) {
  useTitle(E.title);
  const name = query.get("name");
  const events = useSentEvents(name);
  return (
    <>
      <div className="head">
        <h1>{E.title}</h1>
      </div>
      <p className="muted lead">{E.about}</p>
      <Filter name={name} />
      <Strangers />
      <Shown of={events}>
        {({ pages }) => {
          const shown = pages.flatMap((page) => page.events);
          if (shown.length === 0) return <Empty command={E.command}>{E.none}</Empty>;
          return (
            <section className={events.isPlaceholderData ? "stale" : ""}>
              <ol className="events">
                {shown.map((one) => (
                  <SentEventEntry key={`${one.name} ${one.id}`} event={one} />
                ))}
              </ol>
              {events.hasNextPage && (
                <Button
                  busy={events.isFetchingNextPage}
                  onClick={() => void events.fetchNextPage()}
                >
                  {S.runs.more}
                </Button>
              )}
            </section>
          );
        }}
      </Shown>
    </>
  );
}

function Filter({ name }: { readonly name: string | null }) {
  const ask = (value: string) => refine({ name: value.trim() });
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span>{E.name}</span>
        <input
          type="text"
          placeholder={E.any}
          defaultValue={name ?? ""}
          key={name}
          onBlur={(event) => ask(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") ask(event.currentTarget.value);
          }}
        />
      </label>
      {name !== null && (
        <Button tone="quiet" onClick={() => refine({ name: null })}>
          {S.runs.clear}
        </Button>
      )}
    </form>
  );
}

/** Told while there are some: nothing else says that a name is misspelt. */
function Strangers() {
  const names = useUnmatchedEvents().data ?? [];
  if (names.length === 0) return null;
  return (
    <section className="card stack">
      <h2>{E.strangers}</h2>
      <p className="muted small">{E.strangersAbout}</p>
      <ul className="plain">
        {names.map((one) => (
          <li key={one.name}>
            <Link href={to(["events"], { name: one.name })}>{one.name}</Link>{" "}
            <span className="muted small">
              {E.times(one.count, one.exact)}, {E.last} <Time at={one.lastAt} relative />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
