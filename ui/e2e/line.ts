import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { base } from "./browser";

/** A line to the server that can be cut and mended: what a browser behind it loses is lost for all its parts. */
export interface Line {
  /** The address to open instead of the server's own. */
  url: string;
  /** Ends every connection and lets no new one through. */
  cut: () => void;
  mend: () => void;
  close: () => Promise<void>;
}

export async function lineToServer(): Promise<Line> {
  const to = new URL(base);
  const open = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) {
      near.destroy();
      return;
    }
    const far = connect(Number(to.port || 80), to.hostname);
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.pipe(into);
      from.on("error", () => into.destroy());
      from.on("close", () => {
        open.delete(from);
        into.destroy();
      });
    }
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const cut = () => {
    whole = false;
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    mend: () => {
      whole = true;
    },
    close: () => {
      cut();
      return new Promise((done) => server.close(() => done()));
    },
  };
}
