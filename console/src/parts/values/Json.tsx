import { useState } from "react";
import { writeJson } from "../../format/json";
import { S } from "../../strings";
import { Copy } from "../controls/Copy";

const AT_ONCE = 100;
/** Members shown before one asks for more. */

/** Any JSON: collapsible, and to be copied as a whole. */
export function Json({
  value,
  open = 2,
}: {
  readonly value: unknown;
  /** Levels that are open at first. */
  readonly open?: number;
}) {
  return (
    <div className="json">
      <Copy text={writeJson(value, 2)} label={S.common.copyJson} />
      <Node value={value} open={open} />
    </div>
  );
}

function Node({
  name,
  value,
  open,
}: {
  readonly name?: string;
  readonly value: unknown;
  readonly open: number;
}) {
  if (typeof value !== "object" || value === null) {
    return (
      <div className="leaf">
        <Name name={name} />
        <Scalar value={value} />
      </div>
    );
  }
  return <Branch {...(name === undefined ? {} : { name })} value={value} open={open} />;
}

function Branch({
  name,
  value,
  open,
}: {
  readonly name?: string;
  readonly value: object;
  readonly open: number;
}) {
  const [opened, setOpened] = useState(open > 0);
  const [most, setMost] = useState(AT_ONCE);
  const members = Object.entries(value);
  const list = Array.isArray(value);
  if (members.length === 0) {
    return (
      <div className="leaf">
        <Name name={name} />
        {list ? "[]" : "{}"}
      </div>
    );
  }
  return (
    <details open={opened} onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary>
        <Name name={name} />
        <span className="muted">
          {list ? S.json.list(members.length) : S.json.object(members.length)}
        </span>
      </summary>
      {opened && (
        <div className="members">
          {members.slice(0, most).map(([key, member]) => (
            <Node key={key} name={key} value={member} open={open - 1} />
          ))}
          {members.length > most && (
            <button type="button" className="copy" onClick={() => setMost(most + 10 * AT_ONCE)}>
              {S.json.more(members.length - most)}
            </button>
          )}
        </div>
      )}
    </details>
  );
}

function Name({ name }: { readonly name: string | undefined }) {
  return name === undefined ? null : <span className="name">{name}: </span>;
}

function Scalar({ value }: { readonly value: unknown }) {
  if (typeof value === "string") return <span className="string">{writeJson(value)}</span>;
  return <span className="scalar">{String(value)}</span>;
}
