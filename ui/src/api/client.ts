import createClient from "openapi-fetch";
import { wrote } from "@/live/own";
import type { paths } from "@/schema.gen";
import { ApiError, type Problem } from "./error";

/** The typed client of the control API. Lists in a query are sent comma separated. */
export const client = createClient<paths>({
  baseUrl: "/api/v1",
  credentials: "same-origin",
  querySerializer: { array: { style: "form", explode: false } },
});

// Whatever changes something is noted when it is sent and when it is answered, so that its event is known
// to be this tab's own.
const note = ({ request }: { request: Request }) => {
  if (request.method !== "GET") wrote();
  return undefined;
};
client.use({ onRequest: note, onResponse: note });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * Waits for a call of `client` and answers its data, or throws an ApiError that a page can show as it is.
 * A request that never reached the server is thrown with code "offline".
 */
export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError({ status: 0, code: "offline" }, { cause });
  }
  if (!answer.response.ok) {
    const body = typeof answer.error === "object" && answer.error ? (answer.error as Problem) : {};
    throw new ApiError({ ...body, status: answer.response.status });
  }
  return answer.data as T;
}
