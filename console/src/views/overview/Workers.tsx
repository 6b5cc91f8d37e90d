import type { Worker } from "../../api/types";
import { count } from "../../format/numbers";
import { Empty } from "../../parts/loading/dataStates";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";

const O = S.overview;

interface Props {
  readonly of: readonly Worker[];
  /** QStash calls, and nobody has to start any. */
  readonly called: boolean;
}

export function Workers({ of, called }: Props) {
  return (
    <section className="card">
      <h2>{O.workersAlive}</h2>
      {of.length === 0 && called ? (
        <p className="muted">{O.noCall}</p>
      ) : of.length === 0 ? (
        <Empty command="sluice worker">{O.noWorkers}</Empty>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{O.worker}</th>
              <th scope="col" className="number">
                {O.inHand}
              </th>
              <th scope="col">{O.seen}</th>
              <th scope="col" className="wide">
                {O.since}
              </th>
            </tr>
          </thead>
          <tbody>
            {of.map((worker) => (
              <tr key={worker.id}>
                <td>
                  {worker.host} <span className="muted">{O.pid(worker.pid)}</span>
                  {short(worker).map((what) => (
                    <div key={what} className="strong">
                      {what}
                    </div>
                  ))}
                </td>
                <td className="number">
                  {count(worker.inHand)}{" "}
                  <span className="muted">{O.outOf(count(worker.concurrency))}</span>
                </td>
                <td>
                  <Time at={worker.lastSeenAt} relative />
                </td>
                <td className="wide">
                  <Time at={worker.startedAt} relative />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** What its items lack just now. */
function short(worker: Worker): string[] {
  const { waitingForThread, waitingForConnection, threadsLeftBehind, threads } = worker;
  return [
    ...(waitingForThread > 0 ? [O.waitForThread(count(waitingForThread))] : []),
    ...(waitingForConnection > 0 ? [O.waitForConnection(count(waitingForConnection))] : []),
    ...(threadsLeftBehind > 0 ? [O.leftBehind(count(threadsLeftBehind), count(threads))] : []),
  ];
}
