import { type ComponentType, useEffect, useState } from "react";
import { Loading, Problem } from "./dataStates";

/** A component that is loaded when it is first shown.
 *
 * In place of `lazy`, because Suspense holds back what has come for up to 300 ms, so that a page does
 * not flicker; here it is the view that somebody waits for.
 */
export function later<P extends object>(
  load: () => Promise<{ readonly default: ComponentType<P> }>,
): ComponentType<P> {
  let found: ComponentType<P> | null = null;
  return function Later(props: P) {
    const [View, setView] = useState<ComponentType<P> | null>(() => found);
    const [error, setError] = useState<Error | null>(null);
    useEffect(() => {
      if (View !== null) return;
      load().then(
        (module) => {
          found = module.default;
          setView(() => module.default);
        },
        (fault: unknown) => setError(fault instanceof Error ? fault : new Error(String(fault))),
      );
    }, [View]);
    if (error !== null) return <Problem error={error} again={() => location.reload()} />;
    return View === null ? <Loading /> : <View {...props} />;
  };
}
