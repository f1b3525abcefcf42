// What the widget is told: by the channel's settings, by its script element,
// by the page. What comes later in this order wins.
import { session } from "./record";

export interface Config {
  key: string;
  /** Where hypercare is, with a slash at its end. */
  root: string;
  release: string;
  language: string;
  theme: "auto" | "light" | "dark";
  position: string;
  accent: string;
  label: string;
  title: string;
  kinds: string[];
  languages: string[];
  email: "optional" | "required" | "off";
  consent: string;
  screenshot: boolean;
  details: boolean;
  /** What is never in a screenshot, besides passwords, cards and [data-private]. */
  mask: string;
  /** Origins whose calls carry the session; "self" is the page's own. */
  trace: string[];
  enabled: boolean;
  preview: boolean;
}

const me = document.currentScript as HTMLScriptElement | null;

export const config: Config = {
  key: "",
  root: (me?.src || `${location.origin}/`).replace(/w\/(v\w+\/)?w\.js.*$/, ""),
  release: "",
  language: "",
  theme: "auto",
  position: "bottom-right",
  accent: "",
  label: "",
  title: "",
  kinds: ["problem", "idea", "question", "praise"],
  languages: [],
  email: "optional",
  consent: "",
  screenshot: true,
  details: true,
  mask: "",
  trace: [],
  enabled: true,
  preview: false,
};

/** What the script element says: data-key, data-release, data-lang, and so on. */
export function attributes(): Partial<Config> {
  const d: DOMStringMap = me?.dataset || {};
  const out: Record<string, unknown> = {};
  for (const k of ["key", "release", "theme", "position", "accent", "label", "title", "mask"] as const)
    if (d[k] != null) out[k] = d[k];
  if (d.lang) out.language = d.lang;
  if (d.trace != null) out.trace = d.trace ? d.trace.split(/[\s,]+/) : ["self"];
  return out as Partial<Config>;
}

export interface User {
  id?: string;
  email?: string;
  name?: string;
  /** Proof of id, made on the page's server. */
  token?: string;
  attrs?: Record<string, string>;
}
let user: User | undefined;

/** Who uses the page, as it says. */
export const identity = (): User | undefined => user;
export const identify = (u?: User): void => {
  user = u ? { id: u.id, email: u.email, name: u.name, token: u.token, attrs: u.attrs } : undefined;
};
export { session };
