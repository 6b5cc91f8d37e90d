/** What stands where data is not: it loads, there is none, or something went wrong. */
import type { ReactNode } from "react";
import { ApiError } from "../../api/client";
import { S } from "../../strings";
import { Button } from "../controls/Button";
import { Copy } from "../controls/Copy";

export function Loading() {
  return (
    <div className="loading" role="status">
      <span className="visually-hidden">{S.common.loading}</span>
      <div className="bone" />
      <div className="bone short" />
    </div>
  );
}

/** `command`: what to type so that there is something. */
export function Empty({
  children,
  command,
}: {
  readonly children: ReactNode;
  readonly command?: string;
}) {
  return (
    <div className="empty">
      <p>{children}</p>
      {command !== undefined && (
        <p className="command">
          <code>{command}</code> <Copy text={command} />
        </p>
      )}
    </div>
  );
}

export function Problem({ error, again }: { readonly error: Error; readonly again?: () => void }) {
  const faults = error instanceof ApiError ? error.faults.slice(0, 5) : [];
  const more = faults.length > 1;
  return (
    <div className="problem" role="alert">
      <p>{error.message}</p>
      {more && (
        <ul>
          {faults.map((fault) => (
            <li key={fault.field}>
              {fault.field}: {fault.message}
            </li>
          ))}
        </ul>
      )}
      {again !== undefined && <Button onClick={again}>{S.common.again}</Button>}
    </div>
  );
}

export function Unavailable({ children }: { readonly children: ReactNode }) {
  return <p className="muted">{children}</p>;
}

interface Asked<T> {
  readonly data: T | undefined;
  readonly error: Error | null;
  readonly refetch: () => unknown;
}

/** What was answered last stays, with the fault above it. */
export function Shown<T>({
  of,
  children,
}: {
  readonly of: Asked<T>;
  readonly children: (data: T) => ReactNode;
}) {
  return (
    <>
      {of.error !== null && <Problem error={of.error} again={() => void of.refetch()} />}
      {of.data !== undefined ? children(of.data) : of.error === null && <Loading />}
    </>
  );
}
