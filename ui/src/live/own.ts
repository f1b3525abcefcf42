/**
 * What this tab itself has just asked the server to change. Its own acts come back as events like those of
 * everybody else; they are no news here, but they are in the same person's other tabs.
 */
let last = Number.NEGATIVE_INFINITY;

/** How long the answer and the event of a change may take to come. */
const grace = 5_000;

export const wrote = (): void => {
  last = Date.now();
};

export const wroteLately = (): boolean => Date.now() - last < grace;

/** Forgets it; for tests. */
export const forgetWrites = (): void => {
  last = Number.NEGATIVE_INFINITY;
};
