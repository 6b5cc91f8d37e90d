import { useState } from "react";
import { newKey } from "../../api/client";
import { path } from "../../api/paths";
import type { Run } from "../../api/types";
import { useChange } from "../../api/useChange";
import { count } from "../../format/numbers";
import { to } from "../../page/links";
import { navigate } from "../../page/router";
import { S } from "../../strings";
import { Confirm } from "../forms/Confirm";

const A = S.actions;

/** Starts a run over what the body chooses of this one. */
export function RetryDialog({
  run,
  number,
  body,
  what,
  onClose,
}: {
  readonly run: Run;
  readonly onClose: () => void;
  readonly number: number;
  readonly body: object;
  readonly what: string;
}) {
  const [key] = useState(newKey);
  const [fresh, setFresh] = useState(false);
  const retry = useChange<string | null, { runId: string }>(
    (note) => [
      `${path.run(run.id)}/retry`,
      { method: "POST", body: { ...body, fresh, note }, once: fresh ? `${key}-fresh` : key },
    ],
    ({ runId }) => {
      onClose();
      navigate(to(["runs", runId]));
    },
  );
  return (
    <Confirm
      title={A.retryTitle}
      action={A.retryOf(count(number), number)}
      busy={retry.isPending}
      error={retry.error}
      noted
      onConfirm={(note) => retry.mutate(note)}
      onClose={onClose}
    >
      <p>{what}</p>
      <label>
        <input
          type="checkbox"
          checked={fresh}
          disabled={retry.isPending}
          onChange={(event) => setFresh(event.target.checked)}
        />{" "}
        {A.retryFresh}
      </label>
    </Confirm>
  );
}
