import { type RefObject, useLayoutEffect } from "react";

type AnyRef = ((el: HTMLElement | null) => unknown) | RefObject<HTMLElement | null> | null | undefined;

/**
 * Tells Base UI that an element which is on the page already is the trigger of a popup: focus goes back to
 * it, a press on it is none outside, and the popup is named by it. Draws nothing.
 */
export function Adopt({ of, as }: { of: RefObject<HTMLElement | null>; as: AnyRef }): null {
  useLayoutEffect(() => {
    const give = (el: HTMLElement | null) => {
      if (typeof as === "function") as(el);
      else if (as) as.current = el;
    };
    give(of.current);
    return () => give(null);
  }, [of, as]);
  return null;
}
