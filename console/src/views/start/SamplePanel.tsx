import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { call } from "../../api/client";
import type { Family, Sample } from "../../api/types";
import { writeJson } from "../../format/json";
import { Button } from "../../parts/controls/Button";
import { Problem } from "../../parts/loading/dataStates";
import { S } from "../../strings";
import { SampleResult } from "./SampleResult";
import { MOST, sampleOf, USUAL } from "./sampleFields";

const T = S.start.sampling;

/**
 * Executes a few of what would be processed, and saves nothing.
 *
 * @param body what a run would be started with
 * @param reason why it cannot be asked; null: it can
 */
export function SamplePanel({
  family,
  body,
  reason,
}: {
  readonly family: Family;
  readonly body: Readonly<Record<string, unknown>>;
  readonly reason: string | null;
}) {
  const [size, setSize] = useState(String(USUAL));
  const [usd, setUsd] = useState("");
  const leaving = useRef<AbortController | null>(null);
  const { asked, fault } = sampleOf(body, size, usd);
  // No change of anything, so nothing is to be looked at anew: not `useChange`.
  const sample = useMutation({
    mutationFn: () => {
      leaving.current = new AbortController();
      return call<Sample>(family.routes["sample"] ?? "", {
        method: "POST",
        body: asked,
        signal: leaving.current.signal,
      });
    },
  });
  const { reset } = sample;
  const wanted = writeJson(asked);
  // What was typed since is another sample; one that nobody waits for ends with its call.
  useEffect(() => {
    return () => {
      leaving.current?.abort();
      reset();
    };
  }, [wanted, reset]);

  const stopped = sample.error instanceof DOMException;
  return (
    <section className="card stack sampling" aria-label={T.title}>
      <div className="row between">
        <h2>{T.title}</h2>
        <div className="row">
          {sample.isPending && <Button onClick={() => leaving.current?.abort()}>{T.stop}</Button>}
          <Button
            busy={sample.isPending}
            reason={reason ?? fault}
            onClick={() => sample.mutate()}
          >
            {sample.isPending ? T.busy : T.run}
          </Button>
        </div>
      </div>
      <p className="small muted">{T.about}</p>
      <div className="row">
        <label>
          {T.size(family.entities)}{" "}
          <input
            type="number"
            min={1}
            max={MOST}
            value={size}
            onChange={(event) => setSize(event.target.value)}
          />
        </label>
        <label>
          {T.usd}{" "}
          <input
            type="number"
            min={0}
            step="any"
            value={usd}
            onChange={(event) => setUsd(event.target.value)}
          />
        </label>
      </div>
      <div aria-live="polite">
        {stopped && <p>{T.stopped}</p>}
        {sample.error !== null && !stopped && <Problem error={sample.error} />}
        {sample.data !== undefined && <SampleResult of={sample.data} family={family} />}
      </div>
    </section>
  );
}
