import { type ReactNode, useState } from "react";
import { S } from "../../strings";
import { Button } from "../controls/Button";
import { Dialog } from "../controls/Dialog";
import { Problem } from "../loading/dataStates";
import { NoteField } from "./NoteField";

interface Props {
  readonly title: string;
  readonly action: string;
  readonly tone?: "main" | "danger";
  readonly busy: boolean;
  readonly error: Error | null;
  readonly reason?: string | null;
  /** Whether a reason may be given. */
  readonly noted?: boolean;
  /** @param note the reason; null: none was given */
  readonly onConfirm: (note: string | null) => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Asks before what cannot be taken back; the children say what, and of how many. */
export function Confirm(props: Props) {
  const [note, setNote] = useState("");
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (!props.busy && !props.reason) props.onConfirm(note.trim() || null);
        }}
      >
        {props.children}
        {props.noted === true && <NoteField value={note} onChange={setNote} />}
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
