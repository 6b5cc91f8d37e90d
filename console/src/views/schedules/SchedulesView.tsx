import { useState } from "react";
import { useSchedules } from "../../api/queries/schedules";
import { useForbidden } from "../../api/session";
import { useTitle } from "../../page/title";
import { Button } from "../../parts/controls/Button";
import { Empty, Shown, Unavailable } from "../../parts/loading/dataStates";
import { S } from "../../strings";
import { ScheduleCard } from "./ScheduleCard";
import { ScheduleDialog } from "./ScheduleDialog";

const C = S.schedules;

export default function SchedulesView() {
  useTitle(C.title);
  const schedules = useSchedules();
  const [makes, setMakes] = useState(false);
  const forbidden = useForbidden("run");
  return (
    <>
      <div className="head">
        <h1>{C.title}</h1>
        <div className="actions">
          <Button reason={forbidden} onClick={() => setMakes(true)}>
            {C.make}
          </Button>
        </div>
      </div>
      <Shown of={schedules}>
        {(found) => {
          if (found === null) return <Unavailable>{C.unavailable}</Unavailable>;
          if (found.length === 0) return <Empty command={C.command}>{C.none}</Empty>;
          return (
            <ul className="cards">
              {found.map((schedule) => (
                <ScheduleCard key={schedule.id} schedule={schedule} />
              ))}
            </ul>
          );
        }}
      </Shown>
      {makes && <ScheduleDialog schedule={null} onClose={() => setMakes(false)} />}
    </>
  );
}
