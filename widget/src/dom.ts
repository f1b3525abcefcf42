// Makes elements. No markup is parsed: pages may forbid it (trusted types).

export type Kid = Node | string | false | undefined | "";
type Props = Record<string, unknown>;

export function h<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  props: Props = {},
  ...kids: Kid[]
): HTMLElementTagNameMap[T] {
  const el = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) {
    if (k in el) (el as unknown as Props)[k] = v;
    else if (v != null && v !== false) el.setAttribute(k, String(v));
  }
  el.append(...kids.filter((k): k is Node => !!k));
  return el;
}

/** A text with its {names} filled in. */
export const fill = (text: string, values: Record<string, unknown>): string =>
  text.replace(/\{(\w+)\}/g, (_, k) => String(values[k]));
