/** The element that scrolls what is in it, such as the body of a page. */
export function scrollParent(of: HTMLElement | null): HTMLElement | null {
  for (let at = of?.parentElement ?? null; at; at = at.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(at).overflowY)) return at;
  }
  return null;
}

/** How far below the top of what its parent scrolls an element begins. */
export function offsetIn(parent: HTMLElement | null, of: HTMLElement | null): number {
  if (!parent || !of) return 0;
  return Math.round(of.getBoundingClientRect().top - parent.getBoundingClientRect().top + parent.scrollTop);
}
