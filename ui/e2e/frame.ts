import { type Api, asOwner, launchWith, rows } from "./workspace";

const words = [
  "pay button spins",
  "voucher is refused",
  "house number gone",
  "two receipts came",
  "thanks, I love it",
];

export interface Frame {
  by: Api;
  launch: string;
  /** Key of one of its issues. */
  issue: string;
}

/**
 * What the stories of the shell share: a launch with fifteen reports, four of them accepted, five with a
 * category that was put right.
 */
export async function frame(): Promise<Frame> {
  const by = await asOwner();
  const launch = await launchWith(
    by,
    "Frame",
    Array.from({ length: 15 }, (_, i) => ({
      text: `The ${words[i % 5]} at the checkout, seen ${i} times`,
      author: { name: `Reporter ${i % 3}`, email: `r${i % 3}@frame.example` },
    })),
  );
  const all = await rows(by, launch);
  let issue = "";
  for (const r of all.slice(0, 4)) {
    const done = await by.post<{ issue: { key: string } }>(`/feedback/${r.id}/accept`);
    issue = done.issue.key;
  }
  for (const r of all.slice(2, 7))
    await by.patch(`/feedback/${r.id}`, { category: r.category === "data" ? "question" : "data" });
  return { by, launch, issue };
}
