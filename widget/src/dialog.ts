// The dialog: what a person fills in, with everything that goes with it in sight.
import { type Config, config, identity } from "./config";
import { ring } from "./record";
import { build, type Draft, type Sent, submit } from "./send";
import css from "./style.css?inline";
import { english, type Words } from "./words";

export const host = document.createElement("hypercare-widget");
const shadow = host.attachShadow({ mode: "open" });
const style = new CSSStyleSheet();
style.replaceSync(css);
shadow.adoptedStyleSheets = [style];

let words: Words = english;
export const speak = (w: Words): void => {
  words = w;
};
const say = (text: string, fill: Record<string, unknown>) => text.replace(/\{(\w+)\}/g, (_, k) => String(fill[k]));

type Kid = Node | string | false | undefined | "";
type Props = Record<string, unknown>;

/** Makes an element. No markup is parsed: pages may forbid it (trusted types). */
function h<T extends keyof HTMLElementTagNameMap>(tag: T, props: Props = {}, ...kids: Kid[]): HTMLElementTagNameMap[T] {
  const el = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) {
    if (k in el && k !== "list") (el as unknown as Props)[k] = v;
    else if (v != null && v !== false) el.setAttribute(k, String(v));
  }
  el.append(...kids.filter((k): k is Node => !!k));
  return el;
}

const most = 4;
const maxFile = 5 << 20;
const draft: Draft = { kind: "", text: "", email: "", details: true, files: [] };
let dialog: HTMLDialogElement | undefined;
let button: HTMLButtonElement | undefined;
let before: Element | null = null;

/** The button on the page, as the settings want it. */
export function launcher(): void {
  host.dataset.position = config.position;
  host.dataset.theme = config.theme;
  for (const [name, value] of [
    ["accent", config.accent],
    ["accent-text", config.accent_text],
  ])
    if (value) host.style.setProperty(`--hypercare-${name}`, value);
  if (!host.isConnected) document.body.append(host);
  button?.remove();
  if (config.position === "none" || !config.enabled) return;
  button = h("button", { className: "b", type: "button", onclick: () => show(), "aria-haspopup": "dialog" }, config.label || words.open);
  shadow.append(button);
}

export function show(given: Partial<Pick<Draft, "kind" | "text" | "email">> = {}): void {
  if (!host.isConnected) launcher();
  Object.assign(draft, given);
  before = document.activeElement === host ? shadow.activeElement : document.activeElement;
  dialog?.remove();
  draw();
}

export const close = (): void => dialog?.close();

function draw(): void {
  const d: Draft = draft;
  const report = build(d, ring.slice());
  const kinds = config.kinds;
  if (!kinds.includes(d.kind)) d.kind = kinds[0] as string;
  const user = identity();
  const askEmail = config.email !== "off" && !(user?.token && user.email);
  d.email ||= user?.email || "";

  const seen = h("pre", { tabIndex: 0, role: "region", "aria-label": words.see });
  const look = () => {
    seen.textContent = JSON.stringify(report(), null, 1);
  };
  const status = h("p", { role: "status" });
  const files = h("div", { className: "y" });
  const send = h("button", { className: "p" }, words.send);
  const text = h("textarea", { name: "text", required: true, maxLength: 8000, value: d.text, oninput: () => take() });
  const email = h("input", { type: "email", name: "email", autocomplete: "email", maxLength: 320, required: config.email === "required", value: d.email, oninput: () => take() });
  const tech = h("input", { type: "checkbox", name: "details", checked: d.details, onchange: () => take() });
  const consent = h("input", { type: "checkbox", name: "consent", required: true });
  const take = () => {
    d.text = text.value;
    d.email = askEmail ? email.value : "";
    d.details = tech.checked && config.details;
    look();
  };
  const fail = (message: string) => {
    status.className = "e";
    status.textContent = message;
  };

  const add = (list: Iterable<File>) => {
    for (const f of list) {
      if (f.size > maxFile || d.files.length >= most) fail(say(words.large, { name: f.name }));
      else d.files.push(f);
    }
    list_files();
  };
  const list_files = () => {
    files.replaceChildren(
      ...d.files.map((f, at) => {
        const image = /^image\/(png|webp|jpeg)$/.test(f.type);
        const canvas = h("canvas", { role: "img", "aria-label": f.name, width: 0, height: 0 });
        // Onto a canvas: a page may forbid images of blob: addresses.
        if (image)
          createImageBitmap(f)
            .then((b) => {
              canvas.width = b.width;
              canvas.height = b.height;
              canvas.getContext("2d")?.drawImage(b, 0, 0);
            })
            .catch(() => canvas.remove());
        return h(
          "div",
          { className: "i" },
          image && canvas,
          h("span", {}, f.name),
          image && config.screenshot && h("button", { type: "button", className: "g", "aria-label": say(words.mark, { name: f.name }), onclick: () => shoot(f, at) }, "✎"),
          h("button", { type: "button", className: "g", "aria-label": say(words.remove, { name: f.name }), onclick: () => (d.files.splice(at, 1), list_files(), text.focus()) }, "×"),
        );
      }),
    );
    look();
  };

  /** Makes a screenshot, or marks an image that is there. */
  const shoot = async (old?: File, at = d.files.length) => {
    const from = shadow.activeElement as HTMLElement | null;
    send.disabled = true;
    try {
      const part = (await import(/* @vite-ignore */ `${config.root}w/v${VERSION}/shot.js`)) as typeof import("./shot");
      const made = await part.take({ shadow, host, dialog: frame, mask: config.mask, image: old, language: config.language });
      if (made) d.files.splice(at, old ? 1 : 0, made);
    } catch {
      fail(words.failed);
    }
    send.disabled = false;
    list_files();
    (from?.isConnected ? from : text).focus();
  };

  const form = h(
    "form",
    { method: "dialog", onsubmit: (e: Event) => (e.preventDefault(), void go()) },
    kinds.length > 1 &&
      h(
        "fieldset",
        {},
        h("legend", {}, words.kind),
        ...kinds.map((k) =>
          h(
            "label",
            { className: "k" },
            h("input", { type: "radio", name: "kind", value: k, checked: k === d.kind, onchange: () => ((d.kind = k), look()) }),
            words[k as keyof Words] || k,
          ),
        ),
      ),
    h("label", { className: "l" }, words.text, text),
    askEmail && h("label", { className: "l" }, config.email === "required" ? words.mail : words.email, email),
    files,
    h(
      "div",
      { className: "w" },
      config.screenshot && h("button", { type: "button", className: "g", onclick: () => shoot() }, words.shot),
      h(
        "label",
        { className: "g" },
        words.file,
        h("input", {
          type: "file",
          multiple: true,
          accept: "image/*,.pdf,.txt,.log,.json,.har,.csv,.zip",
          onchange: (e: Event) => add((e.target as HTMLInputElement).files || []),
        }),
      ),
    ),
    config.details && h("label", { className: "t" }, tech, h("span", {}, words.details, h("br"), h("small", {}, say(words.steps, { n: ring.length })))),
    h("details", { ontoggle: look }, h("summary", {}, words.see), seen),
    config.consent && h("label", { className: "t" }, consent, h("small", {}, config.consent)),
    status,
    send,
  );

  /** Sends, and says what became of it. */
  const go = async () => {
    if (!d.text.trim()) return text.focus();
    send.disabled = true;
    send.textContent = words.sending;
    const told = (kids: Kid[]) => {
      Object.assign(d, { text: "", files: [] });
      const done = h("div", { className: "y", role: "status", tabIndex: -1 });
      form.replaceWith(done);
      done.append(...kids.filter((k): k is Node => !!k));
      done.focus();
    };
    const thanks = (s: Sent) =>
      told([h("p", {}, say(words.thanks, { ref: s.ref })), h("a", { href: s.link, target: "_blank", rel: "noopener noreferrer" }, words.follow)]);
    try {
      if (config.preview) return told([h("p", {}, words.preview)]);
      const sent = await submit(report(), d.files, thanks);
      if (sent) thanks(sent);
      else told([h("p", {}, words.offline)]);
    } catch (e) {
      fail(e instanceof Error && e.name === "Refused" ? e.message : words.failed);
      send.disabled = false;
      send.textContent = words.send;
    }
  };

  const frame = h(
    "dialog",
    { "aria-labelledby": "t", onclose: () => host.style.visibility || (before as HTMLElement | null)?.focus?.(), onpaste: (e: ClipboardEvent) => add(e.clipboardData?.files || []) },
    h("h2", { id: "t" }, config.title || words.title),
    h("button", { type: "button", className: "x", "aria-label": words.close, onclick: close }, "×"),
    form,
  );
  frame.lang = config.language;
  dialog = frame;
  shadow.append(frame);
  frame.showModal();
  list_files();
  text.focus();
}

export type { Config };
