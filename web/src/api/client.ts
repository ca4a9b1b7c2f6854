// The client of /api/v1.
import { base } from "./base";

/** Failure is an error that the server told of, or that kept us from it. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code = "",
    readonly detail = "",
    readonly mend?: string,
  ) {
    super(message);
  }
}

let csrf = "";

/** setCSRF keeps the token that every change must carry. */
export function setCSRF(token: string) {
  csrf = token;
}

export type Query = Record<string, string | number | undefined>;

/** address writes the path and query of a request, as lists show it. People sign in at the main organisation. */
export function address(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [k, v] of Object.entries(query)) if (v !== undefined && v !== "") params.set(k, String(v));
  const text = params.toString().replace(/%3A/g, ":").replace(/%2F/g, "/").replace(/%2C/g, ",");
  return `${path.startsWith("/auth/") ? "" : base}/api/v1${path}${text ? `?${text}` : ""}`;
}

/** call sends a request and returns the answer's body, or throws the Failure that it tells of. */
export async function call<T>(method: string, path: string, query?: Query, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (csrf && method !== "GET") headers["X-CSRF-Token"] = csrf;
  let response: Response;
  try {
    response = await fetch(address(path, query), { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: "same-origin", signal });
  } catch (err) {
    if (err instanceof DOMException && err.name === "AbortError") throw err;
    throw new Failure("The server did not answer.", 0, "unreachable", err instanceof Error ? err.message : "", "Check that bulwark serve is running, then try again.");
  }
  const text = await response.text();
  let data: unknown;
  try {
    data = text ? JSON.parse(text) : undefined;
  } catch {
    data = undefined;
  }
  if (!response.ok) {
    const e = (data ?? {}) as { code?: string; message?: string; detail?: string; mend?: string; title?: string };
    throw new Failure(e.message ?? e.title ?? `The server answered ${response.status}.`, response.status, e.code, e.detail, e.mend);
  }
  return data as T;
}
