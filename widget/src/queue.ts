// Reports that could not be sent wait in the browser, files and all. The
// report's id makes a second sending harmless.

export interface Waiting {
  id: string;
  /** When it was written. */
  at: number;
  report: Record<string, unknown>;
  files: File[];
}

const most = 10;
const days7 = 7 * 864e5;

function store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  return new Promise((found, no) => {
    const r = indexedDB.open("hypercare", 1);
    r.onupgradeneeded = () => r.result.createObjectStore("reports", { keyPath: "id" });
    r.onsuccess = () => found(r.result.transaction("reports", mode).objectStore("reports"));
    r.onerror = no;
  });
}

const done = <T>(r: IDBRequest<T>) =>
  new Promise<T>((ok, no) => {
    r.onsuccess = () => ok(r.result);
    r.onerror = no;
  });

/** What waits, the oldest first; what waits for more than a week is given up. */
export async function waiting(): Promise<Waiting[]> {
  const all = (await done((await store("readonly")).getAll())) as Waiting[];
  for (const w of all) if (w.at < Date.now() - days7) await drop(w.id);
  return all.filter((w) => w.at >= Date.now() - days7).sort((a, b) => a.at - b.at);
}

export const drop = async (id: string): Promise<unknown> => done((await store("readwrite")).delete(id));

/** Keeps one more; the oldest goes when there are too many. */
export async function keep(w: Waiting): Promise<void> {
  await done((await store("readwrite")).put(w));
  const all = await waiting();
  for (const old of all.slice(0, Math.max(0, all.length - most))) await drop(old.id);
}
