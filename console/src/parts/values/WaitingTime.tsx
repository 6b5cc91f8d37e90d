import { S } from "../../strings";
import { Time } from "./Time";

const U = S.suspended;

/** Since when somebody is asked, and until when. */
export function WaitingTime({
  since,
  until,
}: {
  readonly since: string;
  readonly until: string | null;
}) {
  return (
    <>
      {U.since} <Time at={since} relative />
      {until !== null && (
        <>
          {" · "}
          {U.until} <Time at={until} relative />
        </>
      )}
    </>
  );
}
