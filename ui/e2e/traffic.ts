import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { vi } from "vitest";
import type { Api } from "./workspace";

/** A backend of a story: answers by the path that is asked, slowly or badly where it says so. */
export interface Backend {
  url: string;
  close: () => Promise<void>;
}

export async function backend(name: string): Promise<Backend> {
  const server: Server = createServer((q, s) => {
    const path = q.url ?? "/";
    const wait = path.includes("slow") ? 400 : 0;
    setTimeout(() => {
      s.writeHead(path.includes("broken") ? 503 : 200, { "Content-Type": "application/json" });
      s.end(JSON.stringify({ backend: name, path }));
    }, wait);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

/** Where the gateway of the server under test is reached. */
export const gatewayURL = async (by: Api): Promise<string> =>
  (await by.get<{ url: string }>("/gateway/state")).url;

/** Waits until so many calls of a search are in the log. */
export async function logged(by: Api, q: string, least: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const { count } = await by.get<{ count: number }>(`/calls/count?q=${encodeURIComponent(q)}`);
      if (count < least) throw new Error(`${count} calls of ${q} are in the log, not ${least}`);
    },
    { timeout: 15_000, interval: 100 },
  );
}

/** An OpenAPI document of a small shop. */
export const shopDocument = JSON.stringify({
  openapi: "3.1.0",
  info: { title: "Shop", version: "1.2.0" },
  paths: {
    "/orders": {
      get: { operationId: "listOrders", responses: { "200": { description: "The orders" } } },
    },
    "/orders/{id}": {
      get: {
        operationId: "getOrder",
        parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
        responses: { "200": { description: "One order" } },
      },
    },
  },
});
