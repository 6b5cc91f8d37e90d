import "./ahead";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError, tooMuch } from "./api/client";
import { SESSION } from "./api/session";
import { App } from "./App";
import { LiveProvider } from "./page/refreshing";
import { applyTheme } from "./page/theme";
import "./styles/index.css";

/** The session is over: the sign-in view takes the place of any view, at the same address. */
function leave(error: Error): void {
  if (error instanceof ApiError && error.status === 401) client.setQueryData(SESSION, null);
}

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: leave }),
  defaultOptions: {
    queries: {
      staleTime: 500,
      // What was refused stays refused; who did not answer may yet.
      retry: (failures, error) =>
        failures < 2 &&
        (!(error instanceof ApiError) || error.status === 0 || error.status >= 500 || tooMuch(error)),
      retryDelay: (failures) => 500 * 2 ** failures,
    },
    mutations: { onError: leave },
  },
});

// The service has another version than this page, whose parts it does not have any more.
addEventListener("vite:preloadError", () => {
  const kept = Number(sessionStorage.getItem("sluice-anew") ?? 0);
  if (Date.now() - kept < 60_000) return; // it is something else
  sessionStorage.setItem("sluice-anew", String(Date.now()));
  location.reload();
});

applyTheme();
const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <LiveProvider>
          <App />
        </LiveProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
