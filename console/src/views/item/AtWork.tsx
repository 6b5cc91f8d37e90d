import type { AtWork as Work } from "../../api/types";
import { Stat } from "../../parts/values/Stat";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";

const W = S.atWork;

/** Who executes the item just now, and which of its steps. */
export function AtWork({ work }: { readonly work: Work }) {
  return (
    <section className="card stack">
      <h2>{W.title}</h2>
      <dl className="stats small">
        <Stat label={W.since}>
          <Time at={work.since} />
        </Stat>
        <Stat label={W.attempt}>{work.attempt}</Stat>
        <Stat label={W.worker}>
          {work.host} <code>{work.worker}</code>
        </Stat>
      </dl>
      {work.steps.length > 0 && (
        <ul>
          {work.steps.map((step) => (
            <li key={step.name}>
              <span className="step-name">{step.name}</span>, {W.tried(step.attempt)},{" "}
              {W.since.toLowerCase()} <Time at={step.since} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
