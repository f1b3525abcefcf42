// Fills an empty hypercare with a demo: a launch on its tenth day, through the public API only.
//
//   HC_URL=http://127.0.0.1:8080 HC_SETUP_URL=<the printed link> node scripts/seed.mjs
//   HC_URL=… HC_EMAIL=… HC_PASSWORD=… node scripts/seed.mjs        on a workspace that is there
//
// Prints as JSON what it made. The same run makes the same texts, with today's times.

import * as demo from "./seed-data.mjs";
import { attachment } from "./seed-files.mjs";

const base = (process.env.HC_URL ?? "http://127.0.0.1:8080").replace(/\/$/, "");
const hour = 3_600_000;
const day = 24 * hour;
const now = Date.now();

// -- chance that falls the same way every time

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

// -- the API

/** Who may ask: each has a session of its own, so that the history has their names. */
const sessions = new Map();

async function call(who, method, path, body, headers = {}) {
  const answer = await fetch(`${base}/api/v1${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(sessions.has(who) ? { Cookie: sessions.get(who) } : {}),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status === 429) {
    await new Promise((done) => setTimeout(done, 1000 * Number(answer.headers.get("Retry-After") ?? 1)));
    return call(who, method, path, body, headers);
  }
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 400)}`);
  const cookie = answer.headers.getSetCookie().find((c) => c.startsWith("hc_session="));
  if (cookie) sessions.set(who, cookie.split(";")[0]);
  return text ? JSON.parse(text) : undefined;
}
const signIn = (p) => call(p.name, "POST", "/session", { email: p.email, password: p.password });
const lead = demo.owner.name;

async function until(what, ready) {
  for (const end = now + 5 * 60_000; Date.now() < end; ) {
    if (await ready()) return;
    await new Promise((done) => setTimeout(done, 250));
  }
  throw new Error(`${what} did not come about in five minutes`);
}

// -- texts and times

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
const starts = midnight(9);

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

function report(theme, i) {
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

function unwanted(group, say, i) {
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

function left(w) {
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

// -- the steps, in order. One that names an operation the server does not have is left out.

const made = { base, email: demo.owner.email, password: demo.owner.password };
const people = new Map(); // name -> id
const reports = [];
const issueOf = new Map(); // title -> issue

async function arrive() {
  if (process.env.HC_SETUP_URL) {
    const token = new URL(process.env.HC_SETUP_URL).searchParams.get("token");
    const { name, email, password } = demo.owner;
    await call(lead, "POST", "/setup", { token, workspace_name: demo.workspace, name, email, password });
    return;
  }
  if (process.env.HC_EMAIL)
    Object.assign(made, { email: process.env.HC_EMAIL, password: process.env.HC_PASSWORD });
  await signIn({ name: lead, email: made.email, password: made.password });
}

async function invite() {
  const there = new Map((await call(lead, "GET", "/users")).items.map((m) => [m.email, m]));
  for (const m of demo.members) {
    const member = there.get(m.email) ?? (await call(lead, "POST", "/users", m));
    people.set(m.name, member.id);
    await signIn(m);
  }
  people.set(lead, (await call(lead, "GET", "/me")).id);
  made.members = demo.members.map(({ name, email, role, password }) => ({ name, email, role, password }));
}

async function begin() {
  const l = await call(lead, "POST", "/launches", {
    ...demo.launch,
    starts_at: new Date(starts).toISOString(),
    ends_at: new Date(starts + 21 * day).toISOString(),
  });
  made.launch_id = l.id;
  made.launch = `/launches/${l.id}`;
}

async function send(some) {
  some.sort((a, b) => a.at - b.at);
  for (const r of some) {
    reports.push(r);
    r.input.occurred_at = new Date(r.at).toISOString();
    r.input.external_id = `lumen-${String(reports.length).padStart(4, "0")}`;
  }
  for (let i = 0; i < some.length; i += 100) {
    const batch = some.slice(i, i + 100);
    const receipt = await call(lead, "POST", `${made.launch}/feedback`, { items: batch.map((r) => r.input) });
    for (const row of receipt.items) {
      if (!row.id) throw new Error(`report ${i + row.index} was refused: ${JSON.stringify(row.error)}`);
      batch[row.index].id = row.id;
    }
  }
  await until("reading all reports", async () => {
    const { counts } = await call(lead, "GET", made.launch);
    return counts.feedback >= reports.length && counts.waiting === 0 && counts.unread === 0;
  });
  made.reports = reports.length;
}

const past = () =>
  send([
    ...demo.issues.flatMap((theme) => Array.from({ length: theme.n }, (_, i) => report(theme, i))),
    ...demo.ignored.flatMap((group) => group.says.map((say, i) => unwanted(group, say, i))),
  ]);

/** What came in the last hours: read with what people corrected before. */
const recent = () => send(demo.waiting.map(left));

/** Who works on an issue: its owner when they may, the lead else. */
const hand = (theme) =>
  sessions.has(theme.owner) && theme.owner !== "Tomás Reis" ? theme.owner : "Sam Rivera";

async function accept() {
  // In the order in which people met them: the earliest report first.
  const first = (t) => Math.min(...reports.filter((r) => r.theme === t).map((r) => r.at));
  for (const theme of [...demo.issues].sort((a, b) => first(a) - first(b))) {
    const [head, ...rest] = reports.filter((r) => r.theme === theme).map((r) => r.id);
    const who = hand(theme);
    const { issue } = await call(who, "POST", `/feedback/${head}/accept`, {});
    if (rest.length)
      await call(who, "POST", `${made.launch}/feedback/accept`, { ids: rest, issue_id: issue.id });
    const { title, severity, category, area } = theme;
    await call(who, "PATCH", `/issues/${issue.id}`, {
      title,
      severity,
      category,
      area,
      owner_id: people.get(theme.owner) ?? "",
    });
    issueOf.set(theme.title, issue);
  }
}

const stages = ["intake", "triage", "analysis", "prioritisation", "planning", "resolution", "closure"];

async function move() {
  for (const theme of demo.issues) {
    const to = stages.indexOf(theme.stage);
    const { id } = issueOf.get(theme.title);
    for (let i = 1; i <= to; i++) {
      // Not every issue stops at every stage.
      if (i < to && i !== 2 && (i + theme.n) % 3 === 0) continue;
      const reason = i === to ? theme.why : undefined;
      await call(i < 3 ? "Sam Rivera" : hand(theme), "PATCH", `/issues/${id}`, { stage: stages[i], reason });
    }
  }
  const urgent = issueOf.get("Card payment spins and never finishes after 3-D Secure");
  await call(lead, "PATCH", `/issues/${urgent.id}`, {
    urgency: 5,
    reason: "About one payment in nine fails.",
  });
  made.issue = `/issues/${urgent.key}`;
  made.issue_key = urgent.key;
}

/** People put right what triage read wrong; what comes later is read by that. */
async function correct() {
  made.corrections = 0;
  for (const theme of demo.issues.slice(0, 15)) {
    for (const r of reports.filter((r) => r.theme === theme)) {
      const read = await call(lead, "GET", `/feedback/${r.id}`);
      const edit = {};
      if (read.category !== theme.category) edit.category = theme.category;
      if (read.severity !== theme.severity) edit.severity = theme.severity;
      if (!Object.keys(edit).length) continue;
      await call(hand(theme), "PATCH", `/feedback/${r.id}`, edit);
      made.corrections += Object.keys(edit).length;
    }
  }
}

async function ignore() {
  for (const group of demo.ignored) {
    const ids = reports.filter((r) => r.ignore === group).map((r) => r.id);
    await call("Dina Lopes", "POST", `${made.launch}/feedback/ignore`, { ids, reason: group.reason });
  }
}

/** Somebody made a second issue of the same thing; it is merged. */
async function merge() {
  const into = issueOf.get("Card payment spins and never finishes after 3-D Secure");
  const twice = reports
    .filter((r) => r.theme?.title === "Card payment spins and never finishes after 3-D Secure")
    .slice(-3);
  const other = await call("Ana Novak", "POST", `${made.launch}/issues`, {
    title: "Spinner after the bank's confirmation",
    severity: "sev2",
    category: "bug",
  });
  await call("Ana Novak", "POST", `${made.launch}/feedback/accept`, {
    ids: twice.map((r) => r.id),
    issue_id: other.id,
  });
  await call(lead, "POST", `/issues/${other.id}/merge`, { into: into.id });
}

async function assign() {
  for (const r of reports) {
    if (r.wait?.mine) await call(lead, "PATCH", `/feedback/${r.id}`, { assignee_id: people.get(lead) });
  }
}

const steps = [
  { run: arrive },
  { run: invite },
  { run: begin },
  { run: past },
  { run: accept },
  { run: move },
  { run: merge },
  { run: correct },
  { run: ignore },
  { run: recent },
  { run: assign },
];

const offered = (await (await fetch(`${base}/api/v1/openapi.json`)).json()).paths;
for (const { run, needs } of steps) {
  const [method, path] = (needs ?? "").split(" ");
  if (needs && !offered[path]?.[method.toLowerCase()]) continue;
  await run();
}
const { counts } = await call(lead, "GET", made.launch);
console.log(JSON.stringify({ ...made, counts }, null, 2));
