import type { ReactNode } from "react";
import { useFamilies } from "../../api/queries/families";
import { S } from "../../strings";
import { Empty } from "../loading/dataStates";

/** In place of runs that there are not, with the command that makes one. */
export function NoRuns({
  children,
  option,
}: {
  readonly children: ReactNode;
  readonly option: "--watch" | "--dry-run";
}) {
  const families = useFamilies().data;
  const command =
    families?.length === 0
      ? S.runs.firstFamily
      : `sluice run ${families?.[0]?.name ?? "FAMILY"} ${option}`;
  return <Empty command={command}>{children}</Empty>;
}
