// The dialog: what a person fills in, with everything that goes with it in sight.
import { config, identity } from "./config";
import { fill, h, type Kid } from "./dom";
import { attachments } from "./files";
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

/** What is written stays until it is sent, also when the dialog is closed meanwhile. */
const draft: Draft = { kind: "", text: "", email: "", details: true, files: [] };
let dialog: HTMLDialogElement | undefined;
let button: HTMLButtonElement | undefined;
let before: HTMLElement | null = null;
/** The address that the page said last: it makes room for that of another user. */
let filled = "";

/** Black or white, whichever is read better (WCAG 2.2, relative luminance, with a power of 2.2). */
function onColour(hex: string): string {
  const [r, g, b] = [1, 3, 5].map((i) => (Number.parseInt(hex.slice(i, i + 2), 16) / 255) ** 2.2);
  return 0.2126 * (r as number) + 0.7152 * (g as number) + 0.0722 * (b as number) > 0.18 ? "#000" : "#fff";
}

/** The button on the page, as the settings want it. */
export function launcher(): void {
  host.dataset.position = config.position;
  host.dataset.theme = config.theme;
  const { accent } = config;
  for (const [name, value] of [
    ["accent", accent],
    ["accent-text", accent && onColour(accent)],
  ])
    if (value) host.style.setProperty(`--hypercare-${name}`, value);
  if (!host.isConnected) document.body.append(host);
  button?.remove();
  if (config.position === "none" || !config.enabled) return;
  button = h(
    "button",
    { className: "b", type: "button", onclick: () => show(), "aria-haspopup": "dialog" },
    config.label || words.open,
  );
  button.lang = config.language;
  shadow.append(button);
}

export function show(given: Partial<Pick<Draft, "kind" | "text" | "email">> = {}): void {
  if (!host.isConnected) launcher();
  Object.assign(draft, given);
  if (!dialog?.open)
    before = (document.activeElement === host ? shadow : document).activeElement as HTMLElement | null;
  dialog?.remove();
  draw();
}

export const close = (): void => dialog?.close();

/** Comes when somebody asks for it. */
async function shoot(image?: File): Promise<File | undefined> {
  const part = (await import(
    /* @vite-ignore */ `${config.root}w/v${VERSION}/shot.js`
  )) as typeof import("./shot");
  return part.take({
    shadow,
    host,
    dialog: dialog as HTMLDialogElement,
    mask: config.mask,
    image,
    language: config.language,
  });
}

function draw(): void {
  const d = draft;
  // The steps up to now: what is shown is what is sent.
  const report = build(d, ring.slice());
  const { kinds } = config;
  if (!kinds.includes(d.kind)) d.kind = kinds[0] as string;
  const askEmail = config.email !== "off";
  const known = identity()?.email || "";
  if (!d.email || d.email === filled) d.email = known;
  filled = known;

  const seen = h("pre", { tabIndex: 0, role: "region", "aria-label": words.see });
  const look = () => {
    seen.textContent = JSON.stringify(report(), null, 1);
  };
  const status = h("p", { role: "status" });
  const send = h("button", { className: "p" }, words.send);
  const typed = () => {
    d.text = text.value;
    d.email = askEmail ? email.value : "";
    d.details = tech.checked;
    look();
  };
  const text = h("textarea", {
    name: "text",
    required: true,
    maxLength: 8000,
    value: d.text,
    oninput: typed,
  });
  const email = h("input", {
    type: "email",
    name: "email",
    autocomplete: "email",
    maxLength: 320,
    required: config.email === "required",
    value: d.email,
    oninput: typed,
  });
  const tech = h("input", { type: "checkbox", name: "details", checked: d.details, onchange: typed });
  const fail = (message: string) => {
    status.className = "e";
    status.textContent = message;
  };
  const files = attachments({ list: d.files, words, fail, changed: look, shoot, rest: text, shadow });

  const kind = (k: string) =>
    h(
      "label",
      { className: "k" },
      h("input", {
        type: "radio",
        name: "kind",
        value: k,
        checked: k === d.kind,
        onchange: () => {
          d.kind = k;
          look();
        },
      }),
      words[k as keyof Words] || k,
    );
  const form = h(
    "form",
    {
      method: "dialog",
      onsubmit: (e: Event) => {
        e.preventDefault();
        void go();
      },
    },
    kinds.length > 1 && h("fieldset", {}, h("legend", {}, words.kind), ...kinds.map(kind)),
    h("label", { className: "l" }, words.text, text),
    askEmail && h("label", { className: "l" }, config.email === "required" ? words.mail : words.email, email),
    files.rows,
    files.buttons,
    config.details &&
      h(
        "label",
        { className: "t" },
        tech,
        h("span", {}, words.details, h("br"), h("small", {}, fill(words.steps, { n: ring.length }))),
      ),
    h("details", { ontoggle: look }, h("summary", {}, words.see), seen),
    config.consent &&
      h(
        "label",
        { className: "t" },
        h("input", { type: "checkbox", required: true }),
        h("small", {}, config.consent),
      ),
    status,
    send,
  );

  /** Puts what became of it in the place of the form. */
  const told = (...kids: Kid[]) => {
    d.text = "";
    d.files = [];
    const said = h("div", { className: "y", role: "status", tabIndex: -1 }, ...kids);
    (form.isConnected ? form : frame.lastChild)?.replaceWith(said);
    said.focus();
  };
  const thanks = (s: Sent) =>
    told(
      h("p", {}, fill(words.thanks, { ref: s.ref })),
      h("a", { href: s.link, target: "_blank", rel: "noopener noreferrer" }, words.follow),
    );
  const go = async () => {
    if (!d.text.trim()) return text.focus();
    if (config.preview) return told(h("p", {}, words.preview));
    send.disabled = true;
    send.textContent = words.sending;
    try {
      const sent = await submit(report(), d.files, thanks);
      if (sent) thanks(sent);
      else told(h("p", {}, words.offline));
    } catch (e) {
      fail((e as Error).name === "Refused" ? (e as Error).message : words.failed);
      send.disabled = false;
      send.textContent = words.send;
    }
  };

  const frame = h(
    "dialog",
    {
      "aria-labelledby": "t",
      lang: config.language,
      // Hidden means away for a screenshot: it comes back by itself.
      onclose: () => host.style.visibility || before?.focus?.(),
      onpaste: (e: ClipboardEvent) => files.add(e.clipboardData?.files || []),
    },
    h("h2", { id: "t" }, config.title || words.title),
    h("button", { type: "button", className: "x", "aria-label": words.close, onclick: close }, "×"),
    form,
  );
  dialog = frame;
  shadow.append(frame);
  // The settings around a preview keep the focus.
  if (config.preview) frame.open = true;
  else {
    frame.showModal();
    text.focus();
  }
}
