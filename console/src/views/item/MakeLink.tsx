import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client";
import { path } from "../../api/paths";
import { useForbidden } from "../../api/session";
import type { AnswerLink } from "../../api/types";
import { Button } from "../../parts/controls/Button";
import { Copy } from "../../parts/controls/Copy";
import { Dialog } from "../../parts/controls/Dialog";
import { Confirm } from "../../parts/forms/Confirm";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";

const U = S.suspended;
const WEEK = "604800";

interface Props {
  readonly runId: string;
  readonly itemId: string;
  readonly step: string | string[];
}

/** For somebody without a token, who is to answer this and nothing else. */
export function MakeLink(props: Props) {
  const [asks, setAsks] = useState(false);
  const forbidden = useForbidden("approve");
  return (
    <>
      <Button reason={forbidden} onClick={() => setAsks(true)}>
        {U.link}
      </Button>
      {asks && <LinkDialog {...props} onClose={() => setAsks(false)} />}
    </>
  );
}

function LinkDialog({ runId, itemId, step, onClose }: Props & { readonly onClose: () => void }) {
  const [seconds, setSeconds] = useState(WEEK);
  // Nothing of what is shown changes by it: not `useChange`.
  const make = useMutation({
    mutationFn: () =>
      call<AnswerLink>(path.item(runId, itemId, "/link"), {
        method: "POST",
        body: { step, expiresSeconds: Number(seconds) },
      }),
  });
  if (make.data !== undefined) return <Made link={make.data} onClose={onClose} />;
  return (
    <Confirm
      title={U.linkTitle}
      action={U.link}
      busy={make.isPending}
      error={make.error}
      onConfirm={() => make.mutate()}
      onClose={onClose}
    >
      <p>{U.linkMore}</p>
      <label className="field">
        {U.linkFor}
        <select value={seconds} onChange={(event) => setSeconds(event.target.value)}>
          {Object.entries(U.linkTimes).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
    </Confirm>
  );
}

function Made({ link, onClose }: { readonly link: AnswerLink; readonly onClose: () => void }) {
  return (
    <Dialog title={U.linkTitle} onClose={onClose}>
      <div className="stack">
        <p>{U.linkMore}</p>
        <div className="row">
          <input
            className="grow"
            type="text"
            readOnly
            aria-label={U.linkMade}
            value={link.url}
            onFocus={(event) => event.target.select()}
          />
          <Copy text={link.url} />
        </div>
        <p className="small muted">
          {U.linkUntil} <Time at={link.expiresAt} />
        </p>
        <div className="row end">
          <Button onClick={onClose}>{S.common.close}</Button>
        </div>
      </div>
    </Dialog>
  );
}
