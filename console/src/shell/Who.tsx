import { useQueryClient } from "@tanstack/react-query";
import { useContext } from "react";
import { call } from "../api/client";
import { CurrentSession, SESSION } from "../api/session";
import { Button } from "../parts/controls/Button";
import { S } from "../strings";

export function Who() {
  const client = useQueryClient();
  const session = useContext(CurrentSession);
  async function leave(): Promise<void> {
    try {
      await call("/api/session", { method: "DELETE" });
      location.reload(); // so that nothing of what was seen is left
    } catch {
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== SESSION[0] });
      client.setQueryData(SESSION, null);
    }
  }
  if (session === undefined) return null;
  const looks = !session.scopes.includes("run");
  return (
    <div className="who">
      <span title={S.shell.scopes(session.scopes)}>
        {session.name}
        {looks && <span className="tag">{S.shell.readOnly}</span>}
      </span>
      <Button tone="quiet" onClick={() => void leave()}>
        {S.shell.signOut}
      </Button>
    </div>
  );
}
