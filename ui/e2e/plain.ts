import type { Page } from "playwright-core";

/** Gathers every text of the API's answers, so that what people and the server wrote is known as theirs. */
export function listenForTexts(page: Page): Set<string> {
  const texts = new Set<string>();
  const gather = (v: unknown) => {
    if (typeof v === "string") texts.add(v.replace(/\s+/g, " ").trim());
    else if (typeof v === "object" && v) Object.values(v).forEach(gather);
  };
  page.on("response", (r) => {
    if (!/\/api\/v1\/(?!events)/.test(r.url())) return;
    // An answer that is no JSON, or of a page that is gone, has nothing to say here.
    r.json().then(gather, () => undefined);
  });
  return texts;
}

/**
 * Text on a page in the pseudo language that was never translated: drawn or read aloud, with letters, but
 * with neither an accent nor the brackets of a message. What is theirs is known from the API's answers;
 * single words of theirs, such as areas, could be ours as well and are marked in the page: data-user,
 * dir=auto, and the elements for codes, keys and times.
 */
export function plainText(page: Page, theirs: Set<string>): Promise<string[]> {
  return page.evaluate(
    (texts) => {
      const marked =
        "[data-user], [dir=auto], time, kbd, pre, code, textarea, .id, [lang]:not(html), script, style";
      const letters = /\p{L}{2,}/u;
      const ours = /[áçéíñöřšüýžÁÇÉÍÑÖŘŠÜÝŽ·]|\[.*\]/;
      // By Intl: units, days, and names of languages, which are those of the words on the page.
      const units = /^[\d\s.,:%+–-]*(?:[kMG]?B|bytes?|[KM]|[mµ]?s|sec|min|hr|days?)?$/;
      const days = /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b,? ?)?(?:[A-Z][a-z]{2} )?\d{0,2}(?:, \d\d:\d\d)?$/;
      const names = new Intl.DisplayNames("en", { type: "language" });
      const languages = new Set(
        "ar bg cs da de el en es et fi fr he hi hu id it ja ko nl no pl pt ro ru sv th tr uk vi zh"
          .split(" ")
          .map((c) => names.of(c)),
      );
      const caps = /^(?:Ctrl|Alt|Esc|Space|⌘|⇧|↵)(?: \S+)?$/;
      const isTheirs = (t: string) => /[\s\p{Lu}@._-]/u.test(t) && texts.some((x) => x.includes(t));
      const found = new Set<string>();
      const note = (kind: string, raw: string | null, at: Element) => {
        const t = raw?.replace(/\s+/g, " ").trim() ?? "";
        if (
          !t ||
          !letters.test(t) ||
          ours.test(t) ||
          units.test(t) ||
          days.test(t) ||
          caps.test(t) ||
          languages.has(t)
        )
          return;
        // The product's own name.
        if (t === "hypercare") return;
        if (at.closest(marked) || isTheirs(t.replace(/…$/, ""))) return;
        found.add(
          `${kind} “${t.slice(0, 60)}” in ${at.tagName.toLowerCase()}.${at.className.toString().slice(0, 40)}`,
        );
      };
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let n = walk.nextNode(); n; n = walk.nextNode())
        if (n.parentElement) note("text", n.textContent, n.parentElement);
      for (const name of ["aria-label", "title", "placeholder", "alt"])
        for (const el of document.querySelectorAll(`[${name}]`)) note(name, el.getAttribute(name), el);
      return [...found];
    },
    [...theirs],
  );
}

/** Words that are cut where they should have wrapped or found room: buttons, tabs, labels, headings. */
export function cutText(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("button, a, label, legend, th, dt, h1, h2, h3")]
      .filter((el) => {
        const style = getComputedStyle(el);
        if (el.clientWidth < 2 || style.textOverflow === "ellipsis") return false;
        if (el.closest("[data-user], [dir=auto], .sr-only")) return false;
        const clips = style.overflow !== "visible";
        return clips && (el.scrollWidth > el.clientWidth + 1 || el.scrollHeight > el.clientHeight + 3);
      })
      .map((el) => `cut: ${el.tagName.toLowerCase()} “${el.textContent?.trim().slice(0, 50)}”`),
  );
}
