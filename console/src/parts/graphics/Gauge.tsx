import { count } from "../../format/numbers";
import { S } from "../../strings";

const NEAR = 0.85;
/** Of a limit: from here on it is what the work waits for. */

/** How much of a limit is in use. */
export function Gauge({
  label,
  value,
  most,
}: {
  readonly label: string;
  readonly value: number | null;
  /** Null: not limited. */
  readonly most: number | null;
}) {
  const share = value === null || most === null || most === 0 ? 0 : Math.min(1, value / most);
  const used = value === null ? S.flow.unknown : count(value);
  const text = most === null ? S.flow.noLimit(used) : S.flow.ofLimit(used, count(most));
  return (
    <div className="gauge">
      <div className="row between small">
        <span>{label}</span>
        <span>{text}</span>
      </div>
      <div
        className={most === null ? "track free" : "track"}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={most ?? Math.max(1, value ?? 0)}
        aria-valuenow={Math.min(value ?? 0, most ?? Number.POSITIVE_INFINITY)}
        aria-valuetext={text}
      >
        <div
          className={share >= NEAR ? "fill near" : "fill"}
          style={{ width: `${100 * share}%` }}
        />
      </div>
    </div>
  );
}
