import type { ReactNode } from "react";
import { S } from "../../strings";
import { Button } from "../controls/Button";
import { Dialog } from "../controls/Dialog";
import { Problem } from "../loading/dataStates";

interface Props {
  readonly title: string;
  readonly action: string;
  readonly tone?: "main" | "danger";
  readonly busy: boolean;
  readonly error: Error | null;
  readonly reason?: string | null;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Asks before what cannot be taken back; the children say what, and of how many. */
export function Confirm(props: Props) {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (!props.busy && !props.reason) props.onConfirm();
        }}
      >
        {props.children}
        {props.error !== null && <Problem error={props.error} />}
        <div className="row end">
          <Button onClick={props.onClose}>{S.common.back}</Button>
          <Button
            type="submit"
            tone={props.tone ?? "main"}
            busy={props.busy}
            reason={props.reason ?? null}
          >
            {props.action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
