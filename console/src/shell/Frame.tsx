import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useMemo, useRef, useState } from "react";
import { BASE, to } from "../page/links";
import { useLive } from "../page/refreshing";
import { usePlace } from "../page/router";
import { useTheme } from "../page/theme";
import { Icon, type IconName } from "../parts/controls/Icon";
import { Link } from "../parts/controls/Link";
import { S } from "../strings";
import { Help } from "./Help";
import { useKeyboard } from "./keyboard";
import { Search } from "./Search";
import { Who } from "./Who";

const NAV = [
  ["", S.nav.overview],
  ["families", S.nav.families],
  ["runs", S.nav.runs],
  ["backfills", S.nav.backfills],
  ["flow-control", S.nav.flow],
  ["schedules", S.nav.schedules],
  ["events", S.nav.events],
  ["questions", S.nav.questions],
  ["notifications", S.nav.notifications],
  ["audit", S.nav.audit],
] as const;

/** What stands around every view. */
export function Frame({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient();
  const { live, toggle } = useLive();
  const [theme, nextTheme] = useTheme();
  const [help, setHelp] = useState(false);
  const searching = useRef<HTMLInputElement>(null);
  const actions = useMemo(
    () => ({
      search: () => searching.current?.focus(),
      help: () => setHelp(true),
      refresh: () => void client.invalidateQueries(),
      pause: toggle,
      theme: nextTheme,
    }),
    [client, toggle, nextTheme],
  );
  useKeyboard(actions);
  return (
    <div className="frame">
      <a className="skip" href="#content">
        {S.shell.skip}
      </a>
      <header className="top">
        <Link href={to([])} className="brand">
          <img src={`${BASE}/favicon.svg`} alt="" width="24" height="24" />
          {S.shell.name}
        </Link>
        <Search input={searching} />
        <div className="tools">
          <Busy />
          <Tool label={S.shell.refresh} press="r" onClick={actions.refresh} icon="refresh" />
          <Tool
            label={live ? S.shell.pause : S.shell.resume}
            press="p"
            onClick={toggle}
            icon={live ? "pause" : "play"}
            on={!live}
          />
          <Tool label={S.shell.theme(theme)} press="t" onClick={nextTheme} icon={theme} />
          <Tool label={S.shell.help} press="?" onClick={actions.help} icon="help" />
          <Who />
        </div>
      </header>
      <Navigation />
      <main id="content" tabIndex={-1}>
        {!live && (
          <p className="note" role="status">
            {S.shell.paused}
          </p>
        )}
        {children}
      </main>
      {help && <Help onClose={() => setHelp(false)} />}
    </div>
  );
}

function Navigation() {
  const [here = ""] = usePlace().parts;
  return (
    <nav aria-label={S.nav.label}>
      <ul>
        {NAV.map(([part, label]) => (
          <li key={part}>
            <Link
              href={to(part === "" ? [] : [part])}
              aria-current={here === part ? "page" : undefined}
            >
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Tool({
  label,
  press,
  onClick,
  icon,
  on = false,
}: {
  readonly label: string;
  readonly press: string;
  readonly onClick: () => void;
  readonly icon: IconName;
  readonly on?: boolean;
}) {
  return (
    <button
      type="button"
      className={`tool ${icon}${on ? " on" : ""}`}
      onClick={onClick}
      aria-label={label}
      title={`${label} (${press})`}
    >
      <Icon name={icon} />
    </button>
  );
}

function Busy() {
  const asking = useIsFetching() > 0;
  return <span className={`busy${asking ? " on" : ""}`} aria-hidden="true" />;
}
