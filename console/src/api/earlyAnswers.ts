/** Answers to what the page asked before the view that needs them was here. Imports nothing, so that
 * asking comes first. */

/** Milliseconds; what nobody has asked for by then is out of date. */
const KEPT = 5_000;
const begun = new Map<string, Promise<Response>>();

/** Ask now; for a while, whoever asks the same gets this answer. */
export function askEarly(path: string): void {
  const answer = fetch(path, {
    credentials: "same-origin",
    headers: { Accept: "application/json" },
  });
  answer.catch(() => undefined); // whoever takes it is told
  begun.set(path, answer);
}

/** After a while, answer nobody with what was asked before. */
export function forgetEarly(): void {
  setTimeout(() => begun.clear(), KEPT);
}

/** For whoever asks first; null where nothing was asked early, or it came to nothing, which may be
 * other by now: one may have signed in since. */
export async function takeEarly(path: string): Promise<Response | null> {
  const asked = begun.get(path);
  begun.delete(path); // an answer can be read once
  const answer = await asked?.catch(() => null);
  return answer?.ok === true ? answer : null;
}
