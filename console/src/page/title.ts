import { useEffect } from "react";
import { S } from "../strings";

/** Of the tab, so that one among many is found. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${S.shell.name}`;
  }, [title]);
}
