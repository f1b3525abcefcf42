// Makes the reports of the demo from seed-data.mjs: fills in the texts, chooses who says them, and when.
import * as demo from "./seed-data.mjs";
import { attachment } from "./seed-files.mjs";

const hour = 3_600_000;
export const day = 24 * hour;
export const now = Date.now();

// Chance that falls the same way every time.
let state = 20_411;
function chance() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const pick = (list) => list[Math.floor(chance() * list.length)];

const dealt = new Map();
/** Takes from a list in turn, in an order of its own for each key, so that nobody says the same thing twice. */
function deal(key, list) {
  if (!dealt.get(key)?.length)
    dealt.set(
      key,
      [...list].sort((a, b) => rank(key + a) - rank(key + b)),
    );
  return dealt.get(key).pop();
}
const rank = (text) =>
  [...text].reduce((h, c) => Math.imul(h ^ c.codePointAt(0), 16_777_619), 2_166_136_261) >>> 0;
const whole = (from, to) => from + Math.floor(chance() * (to - from + 1));

// Each hour of the day as often as people shop in it.
const shopping = Array.from({ length: 24 }, (_, h) =>
  Array(h < 7 ? 1 : h < 9 ? 4 : h < 13 ? 9 : h < 18 ? 7 : h < 22 ? 8 : 3).fill(h),
).flat();
const bursts = new Set([1, 3, 5]);

/** Midnight in the launch's time zone, so many days ago. */
function midnight(daysAgo) {
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: demo.launch.time_zone,
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const [h, m, s] = clock.format(now).split(":").map(Number);
  return now - (now % 1000) - ((h * 60 + m) * 60 + s) * 1000 - daysAgo * day;
}
// Midnight nine days ago: today is the tenth day of 21.
export const starts = midnight(9);

/** A time on a day of the launch: where people shop, and close together where things went wrong. */
function when(n) {
  if (n === 10) return now - 5.6 * hour + chance() ** 0.7 * 5 * hour;
  if (bursts.has(n)) return starts + (n - 1) * day + (9 + 4 * chance() ** 1.6) * hour;
  return starts + (n - 1) * day + (pick(shopping) + chance()) * hour;
}

const own = {
  order: () => `88-${whole(20_010, 20_399)}`,
  n: () => whole(11, 48),
  many: () => whole(41, 96),
  seconds: () => whole(11, 34),
  minutes: () => whole(3, 25),
};
const filled = (text, fixed) =>
  text.replace(/\{(\w+)\}/g, (_, name) => fixed[name] ?? own[name]?.() ?? pick(demo.slots[name]));

/** The parts of "de| Title :: text". */
function parts(say, fixed) {
  const [, language = "en", title, text] = /^(?:(\w\w)\| )?(.*?) :: (.*)$/.exec(say);
  // The same street or phone in title and text.
  const same = {
    ...fixed,
    street: pick(demo.slots.street),
    phone: pick(demo.slots.phone),
    order: own.order(),
    n: own.n(),
  };
  return { language, title: filled(title, same), text: filled(text, same), order: same.order };
}

const address = (name) =>
  `${name
    .normalize("NFD")
    .replace(/[^A-Za-z ]/g, "")
    .trim()
    .toLowerCase()
    .replaceAll(" ", ".")}@mail.example`;
const tiers = ["new", "regular", "regular", "plus"];
const person = (name) => ({
  name,
  email: address(name),
  attrs: { tier: tiers[name.length % 4], region: ["North", "South", "West"][name.length % 3] },
});

/** What people with an app or a shop page say comes with a rating now and then. */
function rating(channel, mood) {
  if (/review|store|survey/.test(channel)) return mood === "good" ? whole(4, 5) : whole(1, 3);
  return undefined;
}

/** The next report of an issue. */
export function report(theme, i) {
  const version = pick(theme.versions);
  const { language, title, text, order } = parts(theme.says[i % theme.says.length], { version });
  const channel = theme.machine
    ? pick(theme.channels)
    : language === "en"
      ? pick(theme.channels)
      : pick(["widget", "email", "app"]);
  const from = theme.machine
    ? demo.senders.api
    : channel === "support"
      ? demo.senders.support
      : demo.names[language];
  const name = deal(theme.title + from[0], from);
  return {
    at: when(pick(theme.days)),
    theme,
    input: {
      title,
      text,
      channel,
      author: person(name),
      language,
      rating: rating(channel, theme.category === "feature_request" ? "good" : "bad"),
      app_version: version,
      url: theme.url ? `https://lumen.example${theme.url}` : undefined,
      attrs: i % 3 === 0 ? { order } : undefined,
      attachments: i === 0 && theme.stage !== "closure" ? attachment(theme.title) : undefined,
    },
  };
}

/** One that nobody makes an issue of. */
export function unwanted(group, say, i) {
  const { language, title, text } = parts(say, {});
  const channel = pick(["review", "survey", "widget", "email"]);
  return {
    at: when(1 + ((i * 3) % 9)),
    ignore: group,
    input: {
      title,
      text,
      channel,
      author: person(pick(demo.names[language])),
      language,
      rating: rating(channel, "good"),
    },
  };
}

/** One that is still to be triaged. */
export function left(w) {
  const { language, title, text } = parts(w.say, {});
  return {
    at: now - w.ago * 60_000,
    wait: w,
    input: {
      title,
      text,
      channel: w.channel,
      author: person(w.who),
      language,
      rating: w.rating,
      app_version: w.version,
      url: w.url ? `https://lumen.example${w.url}` : undefined,
      attrs: w.attrs,
      attachments: w.attach ? attachment(w.attach) : undefined,
    },
  };
}
