import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client";
import { SESSION } from "../../api/session";
import type { Session } from "../../api/types";
import { BASE } from "../../page/links";
import { useTitle } from "../../page/title";
import { Button } from "../../parts/controls/Button";
import { Problem } from "../../parts/loading/dataStates";
import { S } from "../../strings";

/** At whatever address one came to, which is where one goes on. */
export function SignInView({
  over,
}: {
  /** One was signed in, and did not sign out. */
  readonly over: boolean;
}) {
  useTitle(S.signIn.title);
  const client = useQueryClient();
  const [token, setToken] = useState("");
  const enter = useMutation({
    mutationFn: () =>
      call<Session>("/api/session", { method: "POST", body: { token: token.trim() } }),
    // Without what is common to mutations: here, 401 is about the token and not about the session.
    onError: () => undefined,
    onSuccess: (session) => client.setQueryData(SESSION, session),
  });
  return (
    <main className="alone">
      <form
        className="card sign-in stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim() !== "") enter.mutate();
        }}
      >
        <h1>
          <img src={`${BASE}/favicon.svg`} alt="" width="32" height="32" /> {S.signIn.title}
        </h1>
        {over ? (
          <p className="banner warn" role="alert">
            {S.signIn.over}
          </p>
        ) : (
          <p className="muted">{S.signIn.about}</p>
        )}
        <label htmlFor="token">{S.signIn.token}</label>
        <input
          id="token"
          type="password"
          autoComplete="current-password"
          autoFocus
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        {enter.error !== null && <Problem error={enter.error} />}
        <Button
          type="submit"
          tone="main"
          busy={enter.isPending}
          reason={token.trim() === "" ? S.signIn.empty : null}
        >
          {S.signIn.enter}
        </Button>
        <p className="muted small">
          {S.signIn.where} <code>cat .sluice/demo-token</code>
        </p>
      </form>
    </main>
  );
}
