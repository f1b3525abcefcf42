// Marks and hides parts of an image before it is sent. What is hidden is
// painted over: it is not in the file.
import css from "./annotate.css?inline";
import { tools } from "./words.shot";

type Point = [number, number];
interface Mark {
  tool: "mark" | "hide";
  /** A mark's corners; the way of the brush. A brush with two points made by keys is a box too. */
  points: Point[];
  box: boolean;
}

/** Returns the image as it is to be sent, or nothing. */
export function annotate(
  shadow: ShadowRoot,
  first: CanvasImageSource | undefined,
  language: string,
  again: false | (() => Promise<HTMLCanvasElement>),
): Promise<HTMLCanvasElement | undefined> {
  const words = tools[language] || (tools.en as (typeof tools)[string]);
  const style = new CSSStyleSheet();
  style.replaceSync(css);
  shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, style];

  const canvas = document.createElement("canvas");
  const g = canvas.getContext("2d") as CanvasRenderingContext2D;
  const dialog = document.createElement("dialog");
  const bar = document.createElement("div");
  const note = document.createElement("p");
  dialog.className = "an";
  dialog.lang = language;
  dialog.setAttribute("aria-label", words.title);
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", words.title);
  note.setAttribute("role", "status");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words.keys);

  let source: CanvasImageSource | undefined;
  const marks: Mark[] = [];
  let now: Mark | undefined;
  let tool: Mark["tool"] = "mark";
  let cursor: Point | undefined;
  const brush = () => Math.max(16, canvas.width / 40);

  const paint = (clean = false) => {
    if (!source) return;
    g.drawImage(source, 0, 0, canvas.width, canvas.height);
    g.lineJoin = g.lineCap = "round";
    for (const m of now ? [...marks, now] : marks) {
      const [a, b] = [m.points[0] as Point, m.points.at(-1) as Point];
      if (m.tool === "mark") {
        g.strokeStyle = "#e5484d";
        g.lineWidth = Math.max(3, canvas.width / 400);
        g.strokeRect(a[0], a[1], b[0] - a[0], b[1] - a[1]);
      } else if (m.box) {
        g.fillStyle = "#161a17";
        g.fillRect(a[0], a[1], b[0] - a[0], b[1] - a[1]);
      } else {
        g.strokeStyle = "#161a17";
        g.lineWidth = brush();
        g.beginPath();
        g.moveTo(...a);
        for (const p of m.points) g.lineTo(...p);
        g.stroke();
      }
    }
    if (cursor && !clean) {
      g.strokeStyle = "#e5484d";
      g.lineWidth = 2;
      g.strokeRect(cursor[0] - 8, cursor[1] - 8, 16, 16);
    }
  };
  const show = (image: CanvasImageSource | undefined) => {
    source = image;
    const { width, height } = (image as HTMLCanvasElement | undefined) || {
      width: innerWidth,
      height: innerHeight,
    };
    const k = Math.min(1, 2400 / width);
    canvas.width = width * k;
    canvas.height = height * k;
    marks.length = 0;
    use.disabled = !image;
    note.textContent = image ? "" : words.none;
    paint();
  };

  const at = (e: PointerEvent): Point => {
    const b = canvas.getBoundingClientRect();
    return [
      ((e.clientX - b.left) / b.width) * canvas.width,
      ((e.clientY - b.top) / b.height) * canvas.height,
    ];
  };
  canvas.onpointerdown = (e) => {
    canvas.setPointerCapture(e.pointerId);
    cursor = undefined;
    now = { tool, points: [at(e), at(e)], box: false };
    paint();
  };
  canvas.onpointermove = (e) => {
    if (!now) return;
    if (tool === "hide") now.points.push(at(e));
    else now.points[1] = at(e);
    paint();
  };
  canvas.onpointerup = canvas.onpointercancel = () => {
    const [a, b] = [now?.points[0], now?.points.at(-1)];
    // A press without a way marks nothing, but the brush leaves a dot.
    if (now && a && b && (tool === "hide" || Math.hypot(a[0] - b[0], a[1] - b[1]) > 6)) marks.push(now);
    now = undefined;
    paint();
  };
  // Without a pointer: arrows move, Enter sets one corner and then the other.
  canvas.onkeydown = (e) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    cursor ||= [canvas.width / 2, canvas.height / 2];
    if (way) {
      const step = (e.shiftKey ? 1 : 16) * (canvas.width / canvas.clientWidth || 1);
      cursor[0] = Math.max(0, Math.min(canvas.width, cursor[0] + (way[0] as number) * step));
      cursor[1] = Math.max(0, Math.min(canvas.height, cursor[1] + (way[1] as number) * step));
      if (now) now.points[1] = [...cursor];
    } else if (e.key === "Enter" || e.key === " ") {
      if (now) {
        marks.push(now);
        now = undefined;
      } else now = { tool, points: [[...cursor], [...cursor]], box: true };
    } else return;
    e.preventDefault();
    paint();
  };

  const button = (text: string, act: () => void, pressed?: boolean) => {
    const b = document.createElement("button");
    b.type = "button";
    b.textContent = text;
    b.onclick = act;
    if (pressed != null) b.setAttribute("aria-pressed", String(pressed));
    bar.append(b);
    return b;
  };
  const choose = (t: Mark["tool"]) => {
    tool = t;
    mark.setAttribute("aria-pressed", String(t === "mark"));
    hide.setAttribute("aria-pressed", String(t === "hide"));
  };

  let finish: (c: HTMLCanvasElement | undefined) => void;
  const mark = button(words.mark, () => choose("mark"), true);
  const hide = button(words.hide, () => choose("hide"), false);
  button(words.undo, () => {
    marks.pop();
    paint();
  });
  if (again)
    button(words.exact, async () => {
      dialog.close(); // a modal dialog is seen even where its host is hidden
      try {
        show(await again());
      } catch {
        note.textContent = words.refused;
      }
      dialog.showModal();
    });
  button(words.cancel, () => finish(undefined));
  const use = button(words.use, () => {
    paint(true);
    finish(canvas);
  });
  use.className = "p";

  dialog.append(canvas, note, bar);
  shadow.append(dialog);
  show(first);
  dialog.showModal();
  mark.focus();
  return new Promise((ok) => {
    finish = (c) => {
      dialog.close();
      dialog.remove();
      shadow.adoptedStyleSheets = shadow.adoptedStyleSheets.filter((x) => x !== style);
      ok(c);
    };
    dialog.oncancel = () => finish(undefined);
  });
}
