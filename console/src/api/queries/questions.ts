/** What waits for people, whichever its run. */
import { queryString } from "../../format/queryString";
import type { OpenQuestion } from "../types";
import { usePages } from "./pages";

const PAGE = 50;

export function useQuestions(family: string | null) {
  return usePages<{ questions: OpenQuestion[] }>(
    ["questions", family],
    (cursor) => `/api/suspended${queryString({ family, limit: PAGE, cursor })}`,
  );
}
