/** Calls of the API. The session is in a cookie that no script can read. */
import { readJson, writeJson } from "../format/json";
import { ROOT } from "../page/root";
import { takeEarly } from "./earlyAnswers";
import { withViews } from "./routesAsViews";

export interface Fault {
  readonly field: string;
  readonly message: string;
}

/** A problem document, or that nobody answered. */
export class ApiError extends Error {
  constructor(
    /** 0: nobody answered. */
    readonly status: number,
    message: string,
    readonly faults: readonly Fault[] = [],
    readonly document: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = "ApiError";
  }
}

/** What is wrong with what was sent, by field.
 *
 * @param named what the form calls a field of the service's
 */
export function faultsOf(
  error: Error | null,
  named: (field: string) => string = (field) => field,
): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  return Object.fromEntries(error.faults.map(({ field, message }) => [named(field), message]));
}

/** Too much was asked at once, so that soon it may not be. */
export function tooMuch(error: unknown): boolean {
  return error instanceof ApiError && error.status === 429;
}

export const UNREACHABLE = "The service does not answer.";

export interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Repeated under one key, a call that starts a run starts one. */
  readonly once?: string;
}

export async function call<T>(path: string, options: Call = {}): Promise<T> {
  const { method = "GET", body, signal, once } = options;
  const headers = new Headers({ Accept: "application/json" });
  // A page of another origin cannot send this header without being asked who it is.
  if (method !== "GET") headers.set("X-Sluice-Console", "1");
  if (body !== undefined) headers.set("Content-Type", "application/json");
  if (once !== undefined) headers.set("Idempotency-Key", once);
  const response = await answered(ROOT + path, {
    method,
    headers,
    credentials: "same-origin",
    ...(body === undefined ? {} : { body: writeJson(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (response.status === 204) return undefined as T;
  const document = await response
    .text()
    .then(readJson)
    .catch(() => null);
  if (!response.ok) throw problem(response.status, document);
  if (document === null) throw new ApiError(response.status, UNREACHABLE);
  return document as T;
}

/** Null where this service has no such route. */
export async function optional<T>(path: string, signal: AbortSignal): Promise<T | null> {
  try {
    return await call<T>(path, { signal });
  } catch (error) {
    if (error instanceof ApiError && [404, 405].includes(error.status)) return null;
    throw error;
  }
}

async function answered(path: string, init: RequestInit): Promise<Response> {
  try {
    const early = init.method === "GET" ? await takeEarly(path) : null;
    return early ?? (await fetch(path, init));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, UNREACHABLE);
  }
}

function problem(status: number, document: unknown): ApiError {
  if (typeof document !== "object" || document === null) {
    return new ApiError(status, `${UNREACHABLE} (${status})`);
  }
  const said = document as Record<string, unknown>;
  const text = typeof said["detail"] === "string" ? withViews(said["detail"]) : `HTTP ${status}`;
  const faults = Array.isArray(said["errors"]) ? (said["errors"] as Fault[]) : [];
  const told = faults.map(({ field, message }) => ({ field, message: withViews(message) }));
  return new ApiError(status, text, told, said);
}

/** Not randomUUID, which a page over plain HTTP has not. */
export function newKey(): string {
  const numbers = crypto.getRandomValues(new Uint32Array(4));
  return `console-${[...numbers].map((number) => number.toString(36)).join("")}`;
}
