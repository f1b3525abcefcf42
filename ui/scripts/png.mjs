// PNG files of at most 256 colours: written from a palette, and made from a screenshot, which has few.
import { crc32, deflateSync, inflateSync } from "node:zlib";

const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);

/** CRC-32; node's own is there from 20.15 on. */
function crcOf(bytes) {
  if (crc32) return crc32(bytes);
  let c = ~0;
  for (const b of bytes) {
    c ^= b;
    for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (0xedb88320 & -(c & 1));
  }
  return ~c >>> 0;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crcOf(body), body.length + 4);
  return out;
}

/** A file of pixels that are numbers of colours; each colour is three bytes. */
export function write(width, height, pixels, palette) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8); // eight bits a pixel, by palette
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return Buffer.concat([
    signature,
    chunk("IHDR", head),
    chunk("PLTE", Buffer.from(palette.flat())),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** The pixels of a screenshot: eight bits a channel, RGB or RGBA, not interlaced. */
function read(file) {
  const width = file.readUInt32BE(16);
  const height = file.readUInt32BE(20);
  const channels = { 2: 3, 6: 4 }[file[25]];
  if (file[24] !== 8 || !channels || file[28] !== 0) throw new Error("only plain eight bit RGB is read");
  const data = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    if (file.toString("latin1", at + 4, at + 8) === "IDAT") data.push(file.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return {
    width,
    height,
    channels,
    bytes: unfiltered(inflateSync(Buffer.concat(data)), width * channels, height, channels),
  };
}

function unfiltered(raw, stride, height, step) {
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const a = x >= step ? out[at - step] : 0;
      const b = y ? out[at - stride] : 0;
      const c = x >= step && y ? out[at - stride - step] : 0;
      const guess = [0, a, b, (a + b) >> 1, paeth(a, b, c)][filter];
      out[at] = raw[y * (stride + 1) + 1 + x] + guess;
    }
  }
  return out;
}

function paeth(a, b, c) {
  const p = a + b - c;
  const [da, db, dc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  if (da <= db && da <= dc) return a;
  return db <= dc ? b : c;
}

/** The same picture in its 256 most used colours, each other one as the nearest of them. */
export function smaller(file) {
  const { width, height, channels, bytes } = read(file);
  const count = new Map();
  const colours = new Uint32Array(width * height);
  for (let i = 0; i < colours.length; i++) {
    const at = i * channels;
    colours[i] = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
    count.set(colours[i], (count.get(colours[i]) ?? 0) + 1);
  }
  const palette = chosen(count).map((c) => [c >> 16, (c >> 8) & 255, c & 255]);
  const nearest = new Map();
  const pixels = new Uint8Array(colours.length);
  for (let i = 0; i < colours.length; i++) {
    const c = colours[i];
    if (!nearest.has(c)) nearest.set(c, closest(palette, c >> 16, (c >> 8) & 255, c & 255));
    pixels[i] = nearest.get(c);
  }
  const made = write(width, height, pixels, palette);
  return made.length < file.length ? made : file;
}

/** Most used first; one that is all but the same as one that is in already stays out, so that rare ones get in. */
function chosen(count) {
  const byUse = [...count].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([c]) => c);
  const taken = [];
  for (const near of [60, 12, 0]) {
    for (const c of byUse) {
      if (taken.length === 256) return taken;
      if (taken.every((t) => distance(t, c) > near)) taken.push(c);
    }
  }
  return taken;
}

const distance = (a, b) =>
  ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;

function closest(palette, r, g, b) {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [i, [pr, pg, pb]] of palette.entries()) {
    const d = (pr - r) ** 2 + (pg - g) ** 2 + (pb - b) ** 2;
    if (d < least) [best, least] = [i, d];
  }
  return best;
}
