const key = "hc.gateway-draft";

/** A document that was changed and not published, kept in this tab so that a reload loses nothing. */
export const draft = {
  get(): string | undefined {
    try {
      return sessionStorage.getItem(key) ?? undefined;
    } catch {
      return undefined;
    }
  },
  set(text: string | undefined) {
    try {
      if (text === undefined) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, text);
    } catch {
      // Storage can be full or forbidden; the draft then lasts as long as the page.
    }
  },
};
