import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

declare global {
  interface Window {
    Hypercare: {
      version: string;
      open: (given?: object) => void;
      identify: (user: object) => void;
      event: (name: string) => void;
    };
  }
}

/** A launched product: pages of its own origin, and an API of which one call always fails. */
export interface Shop {
  url: string;
  /** What stands in its pages, before each is asked for. */
  page: { head: string; body: string; csp: string; status: number };
  /** Where its pages find the API. */
  api: string;
  close: () => Promise<void>;
}

const app = `
document.getElementById("pay").onclick = async () => {
  const api = document.documentElement.dataset.api;
  const answer = await fetch(api + "/pay?card=4111111111111111", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  document.getElementById("said").textContent = answer.status;
  if (!answer.ok) console.error("payment failed for ana@shop.example, status " + answer.status);
};
document.getElementById("old").onclick = () => {
  const x = new XMLHttpRequest();
  x.open("GET", document.documentElement.dataset.api + "/stock?item=7");
  x.onloadend = () => { document.getElementById("said").textContent = "stock " + x.status; };
  x.send();
};
document.getElementById("rate").onclick = () => Hypercare.open({ kind: "praise" });
`;
const style = `body{font:16px system-ui;margin:24px;background:#fff;color:#111} .blue{width:300px;height:120px;background:#1040ff} label{display:block;margin:8px 0} button{min-height:32px}`;

/** A host of its own, so that its pages are of another origin and site than hypercare. */
export async function openShop(): Promise<Shop> {
  const shop = { api: "" };
  const page = { head: "", body: "", csp: "", status: 504 };
  const server: Server = createServer((q, s) => {
    const path = new URL(q.url ?? "/", "http://shop").pathname;
    if (path.endsWith("/pay")) {
      q.resume();
      s.writeHead(page.status, { "Content-Type": "application/json" });
      return s.end('{"error":"upstream timed out"}');
    }
    if (path.endsWith("/stock")) return s.end("1");
    if (path.endsWith("/app.js")) {
      s.writeHead(200, { "Content-Type": "text/javascript" });
      return s.end(app);
    }
    if (path.endsWith("/shop.css")) {
      s.writeHead(200, { "Content-Type": "text/css" });
      return s.end(style);
    }
    s.writeHead(200, {
      "Content-Type": "text/html; charset=utf-8",
      ...(page.csp ? { "Content-Security-Policy": page.csp } : {}),
    });
    return s.end(`<!doctype html><html lang="en" data-api="${shop.api}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Checkout</title>
<link rel="stylesheet" href="shop.css"><link rel="icon" href="data:,">${page.head}<script defer src="app.js"></script></head>
<body><main><h1>Checkout</h1><div class="blue"></div><p>Balance <b data-private>1,234.56</b></p>
<label>Card <input id="card" autocomplete="cc-number" value="4111 1111 1111 1111"></label>
<button id="pay">Pay now</button><button id="old">Stock</button><button id="rate">Rate us</button><output id="said"></output>${page.body}</main></body></html>`);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  return Object.assign(shop, {
    url,
    page,
    close: () =>
      new Promise<void>((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  });
}
