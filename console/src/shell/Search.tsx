import { useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, type RefObject, useId, useState } from "react";
import type { Family, Overview, Run } from "../api/types";
import { to, toItem } from "../page/links";
import { navigate, usePlace } from "../page/router";
import { S } from "../strings";

interface Hit {
  readonly label: string;
  readonly about: string;
  readonly address: string;
}

const MOST = 8;

/** Goes to a run, a family or an item of the run one looks at, by a part of the name. */
export function Search({ input }: { readonly input: RefObject<HTMLInputElement | null> }) {
  const id = useId();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const hits = useHits(text.trim());
  const shown = open && text.trim() !== "";

  function go(hit: Hit | undefined): void {
    if (hit === undefined) return;
    setText("");
    setOpen(false);
    input.current?.blur();
    navigate(hit.address);
  }

  function pressed(event: KeyboardEvent): void {
    if (event.key === "Enter") go(hits[at] ?? hits[0]);
    else if (event.key === "ArrowDown") setAt(Math.min(at + 1, hits.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Escape") input.current?.blur();
    else return;
    event.preventDefault();
  }

  return (
    <div className="search" role="search">
      <input
        ref={input}
        type="search"
        role="combobox"
        aria-label={S.search.label}
        aria-expanded={shown && hits.length > 0}
        aria-controls={`${id}-hits`}
        aria-activedescendant={shown && hits.length > 0 ? `${id}-${at}` : undefined}
        placeholder={S.search.placeholder}
        autoComplete="off"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={pressed}
      />
      <ul
        id={`${id}-hits`}
        role="listbox"
        aria-label={S.search.hits}
        hidden={!shown || hits.length === 0}
      >
        {hits.map((hit, n) => (
          // The mouse goes down before the field is left, and the list with it.
          <li
            key={hit.address}
            id={`${id}-${n}`}
            role="option"
            aria-selected={n === at}
            onMouseDown={(event) => {
              event.preventDefault();
              go(hit);
            }}
          >
            <span>{hit.label}</span>
            <span className="muted">{hit.about}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Among what the views have loaded, and whatever looks like an id. */
function useHits(text: string): Hit[] {
  const client = useQueryClient();
  const { parts } = usePlace();
  if (text === "") return [];
  const wanted = text.toLowerCase();
  const families = client.getQueryData<Family[]>(["families"]) ?? [];
  const hits: Hit[] = [];
  if (text.startsWith("run_")) {
    hits.push({ label: text, about: S.search.run, address: to(["runs", text]) });
  }
  if (text.startsWith("bf_")) {
    hits.push({ label: text, about: S.search.backfill, address: to(["backfills", text]) });
  }
  for (const { name } of families.filter(({ name }) => name.includes(wanted))) {
    hits.push({ label: name, about: S.search.start, address: to(["families", name]) });
    hits.push({ label: name, about: S.search.runsOf, address: to(["runs"], { family: name }) });
  }
  for (const run of knownRuns(client)) {
    if (run.id.toLowerCase().includes(wanted)) {
      hits.push({ label: run.id, about: run.family, address: to(["runs", run.id]) });
    }
  }
  const [view, run] = parts;
  if (view === "runs" && run !== undefined) {
    hits.push({ label: text, about: S.search.item, address: toItem(run, text) });
  }
  if (hits.length === 0) {
    hits.push({ label: text, about: S.search.runsOf, address: to(["runs"], { family: text }) });
  }
  const once = new Map(hits.map((hit) => [hit.address, hit]));
  return [...once.values()].slice(0, MOST);
}

function knownRuns(client: ReturnType<typeof useQueryClient>): Run[] {
  const lists = client.getQueriesData<{ pages: { runs: Run[] }[] }>({ queryKey: ["runs"] });
  const listed = lists.flatMap(([, data]) => data?.pages.flatMap((page) => page.runs) ?? []);
  return [...(client.getQueryData<Overview>(["overview"])?.activeRuns ?? []), ...listed];
}
