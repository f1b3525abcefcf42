// Small files that come with the reports of the demo, drawn here: pictures of a shop page, and what a
// machine sends.
import { write } from "./png.mjs";

const colours = {
  page: [250, 250, 249],
  ink: [40, 44, 41],
  grey: [206, 210, 206],
  pale: [233, 235, 232],
  white: [255, 255, 255],
  button: [50, 84, 214],
  dull: [132, 138, 132],
  mark: [214, 48, 62],
  offer: [250, 204, 80],
};
const names = Object.keys(colours);

/** A picture of one byte a pixel; rect and ring draw in named colours. */
function canvas(width, height) {
  const pixels = new Uint8Array(width * height);
  const at = (x, y, colour) => {
    if (x >= 0 && y >= 0 && x < width && y < height) pixels[y * width + x] = names.indexOf(colour);
  };
  return {
    rect(x, y, w, h, colour, round = 0) {
      for (let j = 0; j < h; j++) {
        for (let i = 0; i < w; i++) {
          const dx = Math.max(round - i, i - (w - 1 - round), 0);
          const dy = Math.max(round - j, j - (h - 1 - round), 0);
          if (dx * dx + dy * dy <= round * round || round === 0) at(x + i, y + j, colour);
        }
      }
    },
    frame(x, y, w, h, colour, thick = 3) {
      this.rect(x, y, w, thick, colour);
      this.rect(x, y + h - thick, w, thick, colour);
      this.rect(x, y, thick, h, colour);
      this.rect(x + w - thick, y, thick, h, colour);
    },
    ring(cx, cy, r, thick, colour, gap = 0) {
      for (let y = -r; y <= r; y++) {
        for (let x = -r; x <= r; x++) {
          const d = Math.hypot(x, y);
          if (d <= r && d >= r - thick && (Math.atan2(y, x) + Math.PI) / (2 * Math.PI) >= gap)
            at(cx + x, cy + y, colour);
        }
      }
    },
    png: () => write(width, height, pixels, Object.values(colours)),
  };
}

/** The frame of a shop page: browser bar, lines of text, an order summary. */
function shopPage() {
  const c = canvas(880, 540);
  c.rect(0, 0, 880, 540, "page");
  c.rect(0, 0, 880, 44, "pale");
  for (const i of [0, 1, 2]) c.rect(18 + i * 22, 16, 12, 12, "grey", 6);
  c.rect(100, 11, 560, 22, "white", 11);
  c.rect(60, 86, 210, 20, "ink", 4);
  for (const [i, w] of [420, 380, 400].entries()) c.rect(60, 136 + i * 28, w, 12, "grey", 4);
  c.rect(560, 86, 260, 380, "white", 8);
  for (const [i, w] of [150, 200, 120, 180].entries())
    c.rect(584, 116 + i * 30, w, 12, i === 0 ? "ink" : "grey", 4);
  return c;
}

const drawings = {
  spinner() {
    const c = shopPage();
    for (const [x, y, w] of [
      [60, 240, 440],
      [60, 310, 210],
      [290, 310, 210],
    ]) {
      c.rect(x, y, w, 46, "grey", 6);
      c.rect(x + 2, y + 2, w - 4, 42, "white", 5);
    }
    c.rect(584, 396, 212, 48, "dull", 6);
    c.ring(690, 420, 13, 3, "white", 0.28);
    c.frame(570, 382, 240, 76, "mark", 4);
    return ["checkout-pay.png", c];
  },
  address() {
    const c = shopPage();
    for (const y of [240, 310, 380]) {
      c.rect(60, y, 440, 46, "grey", 6);
      c.rect(62, y + 2, 436, 42, "white", 5);
      c.rect(78, y + 17, y === 240 ? 130 : 200, 12, "ink", 3);
    }
    c.frame(400, 228, 112, 70, "mark", 4);
    c.rect(584, 396, 212, 48, "button", 6);
    return ["address.png", c];
  },
  gift() {
    const c = shopPage();
    c.rect(60, 240, 300, 180, "button", 14);
    c.rect(84, 266, 120, 16, "white", 4);
    c.ring(330, 380, 0, 0, "white");
    c.rect(84, 372, 60, 22, "white", 4);
    c.frame(70, 358, 96, 50, "mark", 4);
    return ["gift-card.png", c];
  },
  banner() {
    const c = canvas(390, 700);
    c.rect(0, 0, 390, 700, "page");
    c.rect(24, 30, 140, 18, "ink", 4);
    for (let i = 0; i < 5; i++) {
      c.rect(24, 80 + i * 92, 70, 70, "pale", 8);
      c.rect(112, 92 + i * 92, 200, 12, "grey", 4);
      c.rect(112, 118 + i * 92, 120, 12, "grey", 4);
    }
    c.rect(24, 610, 342, 56, "button", 8);
    c.rect(0, 560, 390, 118, "offer");
    c.rect(28, 590, 220, 16, "ink", 4);
    c.rect(28, 622, 150, 12, "dull", 4);
    c.frame(10, 548, 370, 140, "mark", 4);
    return ["iphone-se.png", c];
  },
};

const webhook = {
  event: "order.paid",
  sent_at: "13:41:07.214Z",
  sequence: 2,
  order: { number: "88-20402", total: "59.95", currency: "EUR" },
  note: "order.created of the same order came 3.1 s later, sequence 1",
};

const byTitle = [
  [/spins/, "spinner"],
  [/house number/, "address"],
  [/gift card/i, "gift"],
  [/banner/, "banner"],
  [/webhook/i, "webhook"],
];

/** The files of a report, by the name of a drawing or the title of an issue; undefined when it has none. */
export function attachment(title) {
  const kind = byTitle.find(([re, name]) => name === title || re.test(title))?.[1];
  if (!kind) return undefined;
  if (kind === "webhook") {
    const data = Buffer.from(JSON.stringify(webhook, null, 2)).toString("base64");
    return [{ name: "order-paid.json", content_type: "application/json", data }];
  }
  const [name, drawn] = drawings[kind]();
  return [{ name, content_type: "image/png", data: drawn.png().toString("base64") }];
}
