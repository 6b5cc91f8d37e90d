import type { ReactNode } from "react";

export function Stat({
  label,
  children,
  tone,
}: {
  readonly label: string;
  readonly children: ReactNode;
  readonly tone?: "bad" | "warn" | undefined;
}) {
  return (
    <div className={`stat${tone === undefined ? "" : ` ${tone}`}`}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
