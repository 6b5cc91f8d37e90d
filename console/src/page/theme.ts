/** Light or dark: as the system says, unless the viewer has chosen. */
import { useEffect, useState } from "react";

export type Theme = "auto" | "light" | "dark";
const KEY = "sluice-theme";

function chosen(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

/** Before anything is drawn, so that the page does not change its colours while one looks. */
export function applyTheme(): void {
  document.documentElement.dataset["theme"] = chosen();
}

export function useTheme(): readonly [Theme, () => void] {
  const [theme, setTheme] = useState(chosen);
  useEffect(() => {
    localStorage.setItem(KEY, theme);
    applyTheme();
  }, [theme]);
  const next: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
  return [theme, () => setTheme(next[theme])];
}

/** Colours as they are just now, for what is drawn and not styled. Calls back when they change. */
export function useColours(names: readonly string[]): readonly string[] {
  const [colours, setColours] = useState<readonly string[]>(() => read(names));
  const key = names.join();
  useEffect(() => {
    const look = (): void => setColours(read(key.split(",")));
    const observer = new MutationObserver(look);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", look);
    look();
    return () => {
      observer.disconnect();
      system.removeEventListener("change", look);
    };
  }, [key]);
  return colours;
}

/** Through an element, because a custom property would still say light-dark(…). */
function read(names: readonly string[]): string[] {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const found = names.map((name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return found;
}
