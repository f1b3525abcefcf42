import http from "node:http";

const document = (port) => `gateway: 1
upstreams:
  - {name: shop, targets: [{url: "http://127.0.0.1:${port}"}]}
apis:
  - name: checkout
    version: v3
    upstream: shop
    policies:
      identity: {user: {header: X-User-Id}}
      limit: {rate: 500/s, by: ip}
      log: {payload: errors}
    routes:
      - {name: cart, path: "/cart/{id}", methods: [GET]}
      - {name: pay, path: /checkout/pay, methods: [POST]}
      - {name: orders, path: /orders, methods: [GET]}
      - {name: search, path: /search, methods: [GET]}
`;

const people = ["u_2214", "u_0871", "u_5530", "u_1197", "u_4402", "u_3318"];
const pick = (list) => list[Math.floor(Math.random() * list.length)];

/** Puts a small shop behind the gateway and calls it for a while: `api` asks the product, as (method, path, body). */
export async function traffic(api, seconds) {
  const shop = http.createServer((req, res) => {
    const slow = req.url.startsWith("/checkout") ? 8 : 1;
    const wait = Math.exp(Math.random() * 4) * slow + (Math.random() < 0.02 ? 900 : 2);
    const status = Math.random() < (slow > 1 ? 0.06 : 0.004) ? 504 : Math.random() < 0.03 ? 404 : 200;
    req.resume();
    setTimeout(() => {
      res.writeHead(status, { "Content-Type": "application/json" });
      res.end(
        status === 200
          ? JSON.stringify({ ok: true, items: Array.from({ length: 12 }, (_, i) => i) })
          : JSON.stringify({ error: status === 504 ? "the bank did not answer" : "no such thing" }),
      );
    }, wait);
  });
  await new Promise((up) => shop.listen(0, "127.0.0.1", up));
  await api("POST", "/gateway/publications", {
    document: document(shop.address().port),
    note: "Checkout 3.0",
  });
  const { url } = await api("GET", "/gateway/state");
  const one = async () => {
    const headers = { "X-User-Id": pick(people), "Content-Type": "application/json" };
    const which = Math.random();
    const [path, init] =
      which < 0.45
        ? [`/cart/${Math.ceil(Math.random() * 99)}?expand=items`, {}]
        : which < 0.7
          ? ["/orders?page=1", {}]
          : which < 0.85
            ? ["/search?q=lamp", {}]
            : which < 0.99
              ? ["/checkout/pay", { method: "POST", body: JSON.stringify({ card: "4111 1111 1111 1111" }) }]
              : ["/favicon.ico", {}];
    await (await fetch(url + path, { headers, ...init })).arrayBuffer();
  };
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    await Promise.all(Array.from({ length: 8 }, one));
  }
  return shop;
}
