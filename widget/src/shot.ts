// Screenshots: comes when somebody asks for one. capture() is the only place
// that knows how a page becomes an image.
import { annotate } from "./annotate";

export interface Shot {
  shadow: ShadowRoot;
  host: HTMLElement;
  /** The open dialog, which is away meanwhile. */
  dialog: HTMLDialogElement;
  /** More that is never shown, as a selector. */
  mask: string;
  /** An image to mark, instead of a new screenshot. */
  image: File | undefined;
  language: string;
}

const secret = "[data-private],input[type=password],[autocomplete^=cc-],[autocomplete=one-time-code]";
const most = 2 << 20; // bytes of a screenshot

const selector = (more: string): string => {
  try {
    if (more) document.createDocumentFragment().querySelector(more);
    return more ? `${secret},${more}` : secret;
  } catch {
    return secret; // a mask that is no selector must not keep the rest from being hidden
  }
};

const frames = (n: number): Promise<void> =>
  new Promise((ok) => {
    const next = () => (n-- > 0 ? requestAnimationFrame(next) : ok());
    next();
  });

/** Elements that are never shown, also inside of open shadow roots. */
function* hidden(what: string, root: ParentNode = document): Generator<Element> {
  yield* root.querySelectorAll(what);
  for (const el of root.querySelectorAll("*"))
    if (el.shadowRoot && el.localName !== "hypercare-widget") yield* hidden(what, el.shadowRoot);
}

/** The page as it is seen, drawn from its elements, or taken from the screen. */
export async function capture(
  how: "page" | "screen",
  s: Pick<Shot, "host" | "mask">,
): Promise<HTMLCanvasElement> {
  const what = selector(s.mask);
  return how === "page" ? drawn(what, s.host) : filmed(what);
}

/** Does something while the page has one style sheet more. */
async function wearing<T>(sheet: CSSStyleSheet, act: () => Promise<T>): Promise<T> {
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  try {
    return await act();
  } finally {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((x) => x !== sheet);
  }
}

async function drawn(what: string, host: HTMLElement): Promise<HTMLCanvasElement> {
  const { snapdom } = await import("@zumer/snapdom");
  const width = document.documentElement.clientWidth;
  const dpr = Math.min(devicePixelRatio, 2, 2400 / width);
  // Where they are now: what is drawn over them does not depend on the engine.
  const boxes = [...hidden(what)].map((e) => e.getBoundingClientRect());
  // In a copy the root is an element like others: the body's margin would fall through it.
  const flow = new CSSStyleSheet();
  if (getComputedStyle(document.documentElement).display === "block")
    flow.replaceSync("html{display:flow-root!important}");
  const canvas = await wearing(flow, () =>
    snapdom.toCanvas(document.documentElement, {
      clip: "viewport",
      scale: 1,
      dpr,
      fast: false,
      exclude: [host.localName, what],
      backgroundColor: ground(),
    }),
  );
  const g = canvas.getContext("2d");
  if (!g || !canvas.width) throw new Error("nothing was drawn");
  const k = canvas.width / width;
  g.setTransform(1, 0, 0, 1, 0, 0);
  g.fillStyle = "#777";
  for (const b of boxes)
    g.fillRect(
      Math.floor(b.x * k),
      Math.floor(b.y * k),
      Math.ceil(b.width * k) + 1,
      Math.ceil(b.height * k) + 1,
    );
  return canvas;
}

function ground(): string {
  for (const el of [document.body, document.documentElement]) {
    const c = getComputedStyle(el).backgroundColor;
    if (c !== "rgba(0, 0, 0, 0)") return c;
  }
  return "#fff";
}

async function filmed(what: string): Promise<HTMLCanvasElement> {
  const stream = await navigator.mediaDevices.getDisplayMedia({
    video: { displaySurface: "browser" },
    audio: false,
    preferCurrentTab: true,
    selfBrowserSurface: "include",
    surfaceSwitching: "exclude",
  } as DisplayMediaStreamOptions);
  // For a moment the page itself has nothing to hide.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    `:is(${what}){filter:brightness(0) contrast(0)!important;background:#777!important;color:transparent!important}`,
  );
  try {
    return await wearing(sheet, async () => {
      const video = document.createElement("video");
      video.srcObject = stream;
      video.muted = true;
      await video.play();
      await frames(3);
      await new Promise((ok) => setTimeout(ok, 300)); // until the browser's own question is off the screen
      const canvas = document.createElement("canvas");
      const k = Math.min(1, 2400 / video.videoWidth);
      canvas.width = video.videoWidth * k;
      canvas.height = video.videoHeight * k;
      canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
      return canvas;
    });
  } finally {
    for (const t of stream.getTracks()) t.stop();
  }
}

/** An image small enough to be sent: WebP where the browser can, PNG else. */
export async function shrink(canvas: HTMLCanvasElement): Promise<Blob> {
  for (let c = canvas, quality = 0.85; ; quality -= 0.2) {
    const blob = await new Promise<Blob | null>((ok) => c.toBlob(ok, "image/webp", quality));
    if (!blob) throw new Error("the browser made no image");
    if (blob.size <= most) return blob;
    if (quality < 0.5 || blob.type !== "image/webp") {
      const half = document.createElement("canvas");
      half.width = c.width * 0.7;
      half.height = c.height * 0.7;
      half.getContext("2d")?.drawImage(c, 0, 0, half.width, half.height);
      c = half;
    }
  }
}

/** Takes a screenshot, or an image, has it marked, and returns what is to be sent. */
export async function take(s: Shot): Promise<File | undefined> {
  s.host.style.visibility = "hidden"; // the dialog's onclose leaves the focus alone meanwhile
  s.dialog.close();
  try {
    let first: CanvasImageSource | undefined;
    if (s.image) first = await createImageBitmap(s.image);
    else first = await capture("page", s).catch(() => undefined);
    s.host.style.visibility = "";
    const screen =
      navigator.mediaDevices &&
      "getDisplayMedia" in navigator.mediaDevices &&
      matchMedia("(pointer:fine)").matches &&
      !s.image;
    const marked = await annotate(
      s.shadow,
      first,
      s.language,
      screen &&
        (async () => {
          s.host.style.visibility = "hidden";
          try {
            return await capture("screen", s);
          } finally {
            s.host.style.visibility = "";
          }
        }),
    );
    if (!marked) return undefined;
    const blob = await shrink(marked);
    return new File(
      [blob],
      `${s.image?.name.replace(/\.\w+$/, "") || "screenshot"}.${blob.type.split("/")[1]}`,
      { type: blob.type },
    );
  } finally {
    s.host.style.visibility = "";
    s.dialog.showModal();
  }
}
