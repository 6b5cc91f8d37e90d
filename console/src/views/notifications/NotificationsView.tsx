import { useState } from "react";
import { useTargets } from "../../api/queries/notifications";
import { useForbidden } from "../../api/session";
import { useTitle } from "../../page/title";
import { Button } from "../../parts/controls/Button";
import { Empty, Shown, Unavailable } from "../../parts/loading/dataStates";
import { S } from "../../strings";
import { NewTarget } from "./NewTarget";
import { TargetCard } from "./TargetCard";

const N = S.notifications;

export default function NotificationsView() {
  useTitle(N.title);
  const targets = useTargets();
  const [adds, setAdds] = useState(false);
  const forbidden = useForbidden("run");
  return (
    <>
      <div className="head">
        <h1>{N.title}</h1>
        <div className="actions">
          <Button reason={forbidden} onClick={() => setAdds(true)}>
            {N.add}
          </Button>
        </div>
      </div>
      <p className="muted lead">{N.about}</p>
      <Shown of={targets}>
        {(found) => {
          if (found === null) return <Unavailable>{N.unavailable}</Unavailable>;
          if (found.length === 0) return <Empty command={N.command}>{N.none}</Empty>;
          return (
            <ul className="cards">
              {found.map((target) => (
                <TargetCard key={target.id} target={target} />
              ))}
            </ul>
          );
        }}
      </Shown>
      {adds && <NewTarget onClose={() => setAdds(false)} />}
    </>
  );
}
