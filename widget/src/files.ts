// What goes with a report: screenshots and files, each in sight and removable.
import { config } from "./config";
import { fill, h } from "./dom";
import type { Words } from "./words";

const most = 4;
const maxFile = 5 << 20;

interface Around {
  list: File[];
  words: Words;
  /** Says what can't be taken. */
  fail: (message: string) => void;
  changed: () => void;
  /** Makes a screenshot, or marks an image that is there. */
  shoot: (old?: File) => Promise<File | undefined>;
  /** What has the focus when the button that had it is gone. */
  rest: HTMLElement;
  shadow: ShadowRoot;
}

export function attachments(o: Around) {
  const { list, words } = o;
  const rows = h("div", { className: "y" });

  const draw = () => {
    rows.replaceChildren(...list.map(row));
    o.changed();
  };
  const row = (f: File) => {
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
    const button = (label: string, text: string, onclick: () => void) =>
      h(
        "button",
        { type: "button", className: "g", "aria-label": fill(label, { name: f.name }), onclick },
        text,
      );
    return h(
      "div",
      { className: "i" },
      image && canvas,
      h("span", {}, f.name),
      image && config.screenshot && button(words.mark, "✎", () => shoot(f)),
      button(words.remove, "×", () => {
        list.splice(list.indexOf(f), 1);
        draw();
        o.rest.focus();
      }),
    );
  };
  const add = (more: Iterable<File>) => {
    for (const f of more) {
      if (f.size > maxFile || list.length >= most) o.fail(fill(words.large, { name: f.name }));
      else list.push(f);
    }
    draw();
  };
  const shoot = async (old?: File) => {
    const from = o.shadow.activeElement as HTMLElement | null;
    try {
      const made = await o.shoot(old);
      if (made && old) list.splice(list.indexOf(old), 1, made);
      else if (made) add([made]);
    } catch {
      o.fail(words.failed);
    }
    draw();
    (from?.isConnected ? from : o.rest).focus();
  };

  draw();
  const buttons = h(
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
  );
  return { rows, buttons, add };
}
