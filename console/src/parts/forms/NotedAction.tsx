import { type ReactNode, useState } from "react";
import type { Call } from "../../api/client";
import { useChange } from "../../api/useChange";
import { Button } from "../controls/Button";
import { Confirm } from "./Confirm";

interface Props {
  /** On the button, and on that of the dialog. */
  readonly action: string;
  /** Of the dialog, and of the button where its own text says too little. */
  readonly title: string;
  readonly label?: string;
  readonly tone?: "plain" | "main" | "danger";
  readonly reason: string | null;
  readonly request: (note: string | null) => readonly [path: string, options: Call];
  /** What comes of it. */
  readonly children: ReactNode;
}

/** A button for what can be taken back; its dialog asks why. */
export function NotedAction(props: Props) {
  const [asks, setAsks] = useState(false);
  const close = (): void => setAsks(false);
  const change = useChange(props.request, close);
  const { action, title, tone = "plain" } = props;
  return (
    <>
      <Button
        tone={tone}
        reason={props.reason}
        onClick={() => {
          change.reset();
          setAsks(true);
        }}
        {...(props.label === undefined ? {} : { label: props.label })}
      >
        {action}
      </Button>
      {asks && (
        <Confirm
          title={title}
          action={action}
          tone={tone === "danger" ? "danger" : "main"}
          busy={change.isPending}
          error={change.error}
          reason={props.reason}
          noted
          onConfirm={change.mutate}
          onClose={close}
        >
          {props.children}
        </Confirm>
      )}
    </>
  );
}
