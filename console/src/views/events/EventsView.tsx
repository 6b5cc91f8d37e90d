import { useSentEvents, useUnmatchedEvents } from "../../api/queries/events";
import { count } from "../../format/numbers";
import { to } from "../../page/links";
import { useTitle } from "../../page/title";
import { Link } from "../../parts/controls/Link";
import { Filters } from "../../parts/forms/Filters";
import { FilterText } from "../../parts/forms/FilterText";
import { Empty, Shown } from "../../parts/loading/dataStates";
import { More } from "../../parts/loading/More";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";
import { SentEventEntry } from "./SentEventEntry";

const E = S.sentEvents;

/** The last events, and what came of each. */
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
      <Filters query={query}>
        <FilterText name="name" query={query} label={E.name} empty={E.any} />
      </Filters>
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
              <More of={events} />
            </section>
          );
        }}
      </Shown>
    </>
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
              {E.times(count(one.count), one.count, one.exact)}, {E.last} <Time at={one.lastAt} relative />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
