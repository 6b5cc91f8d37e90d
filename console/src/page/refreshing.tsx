/** Whether views refresh by themselves. A pause holds until it is taken back or the tab closes. */
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";

interface Live {
  readonly live: boolean;
  readonly toggle: () => void;
}

const Context = createContext<Live>({ live: true, toggle: () => undefined });

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const [live, setLive] = useState(true);
  const toggle = useCallback(() => setLive((was) => !was), []);
  const value = useMemo(() => ({ live, toggle }), [live, toggle]);
  return <Context value={value}>{children}</Context>;
}

export function useLive(): Live {
  return useContext(Context);
}

/** As a query takes it: milliseconds, or false while refresh is paused. */
export function useEvery(milliseconds: number): number | false {
  return useLive().live ? milliseconds : false;
}
