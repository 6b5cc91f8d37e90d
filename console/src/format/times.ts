/** How times are written: in the viewer's zone; the exact one is for whoever hovers. */

const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
];

/** The two largest units: `1 h 5 min`, `42 s`, `3.2 s`, `120 ms`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 0) return duration(0);
  if (seconds > 0 && seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 10 && seconds !== Math.floor(seconds)) return `${seconds.toFixed(1)} s`;
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const number = Math.floor(rest / size);
    rest -= number * size;
    if (number > 0 || (unit === "s" && parts.length === 0)) parts.push(`${number} ${unit}`);
    else if (parts.length > 0) break; // 1 d 0 h 5 min is 1 d
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

export function ago(at: Date, now: Date): string {
  const seconds = (now.getTime() - at.getTime()) / 1000;
  if (Math.abs(seconds) < 5) return "now";
  const text = duration(coarse(Math.abs(seconds)));
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

/** One unit is enough of how long ago something was. */
function coarse(seconds: number): number {
  const unit = UNITS.find(([, size]) => seconds >= size)?.[1] ?? 1;
  return Math.floor(seconds / unit) * unit;
}

export function clock(at: Date): string {
  return at.toLocaleTimeString("en-GB");
}

/** As short as can be, and clear: the time today, else with the day, else with the year. */
export function moment(at: Date, now: Date): string {
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (at.toDateString() === now.toDateString()) return at.toLocaleTimeString("en-GB");
  const year = at.getFullYear() === now.getFullYear() ? {} : { year: "numeric" as const };
  return `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...year })}, ${time}`;
}

export function exact(at: Date): string {
  const here = at.toLocaleString("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    timeZoneName: "longOffset",
  });
  return `${here} (${at.toISOString()})`;
}

export function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}
