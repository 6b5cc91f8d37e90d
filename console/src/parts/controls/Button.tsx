import { type ReactNode, useId } from "react";
import { Link } from "./Link";

interface Props {
  readonly children: ReactNode;
  readonly onClick?: () => void;
  /** Why it cannot be pressed; it can be reached all the same, so that the reason can be read. */
  readonly reason?: string | null;
  readonly busy?: boolean;
  readonly tone?: "plain" | "main" | "danger" | "quiet";
  readonly type?: "button" | "submit";
  readonly label?: string;
}

export function Button(props: Props) {
  const { children, onClick, reason = null, busy = false, tone = "plain", type = "button" } = props;
  const id = useId();
  const off = reason !== null || busy;
  return (
    <span className="button-place">
      <button
        type={type}
        className={`button ${tone}`}
        aria-disabled={off}
        aria-busy={busy}
        aria-describedby={reason === null ? undefined : id}
        aria-label={props.label}
        title={props.label}
        onClick={(event) => {
          if (off) event.preventDefault();
          else onClick?.();
        }}
      >
        {children}
      </button>
      {reason !== null && (
        <span role="tooltip" id={id} className="tip">
          {reason}
        </span>
      )}
    </span>
  );
}

export function LinkButton({
  href,
  children,
  tone = "plain",
}: {
  readonly href: string;
  readonly children: ReactNode;
  readonly tone?: "plain" | "main";
}) {
  return (
    <Link href={href} className={`button ${tone}`}>
      {children}
    </Link>
  );
}
