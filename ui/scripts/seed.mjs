// Fills an empty hypercare with a demo: a launch on its tenth day, through the public API only.
//
//   HC_URL=http://127.0.0.1:8080 HC_SETUP_URL=<the printed link> node scripts/seed.mjs
//   HC_URL=… HC_EMAIL=… HC_PASSWORD=… node scripts/seed.mjs        on a workspace that is there
//
// Prints as JSON what it made. The same run makes the same texts, with today's times.

import * as demo from "./seed-data.mjs";
import { day, left, now, report, starts, unwanted } from "./seed-texts.mjs";

const base = (process.env.HC_URL ?? "http://127.0.0.1:8080").replace(/\/$/, "");

// -- the API

/** Who may ask: each has a session of its own, so that the history has their names. */
const sessions = new Map();

async function call(who, method, path, body) {
  const form = body instanceof FormData;
  const answer = await fetch(`${base}/api/v1${path}`, {
    method,
    headers: {
      ...(body === undefined || form ? {} : { "Content-Type": "application/json" }),
      ...(sessions.has(who) ? { Cookie: sessions.get(who) } : {}),
    },
    body: body === undefined || form ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status === 429) {
    await new Promise((done) => setTimeout(done, 1000 * Number(answer.headers.get("Retry-After") ?? 1)));
    return call(who, method, path, body);
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

/** Sends reports and waits until they are read. */
async function send(some) {
  for (let i = 0; i < some.length; i += 100) {
    const batch = some.slice(i, i + 100);
    const receipt = await call(lead, "POST", `${made.launch}/feedback`, { items: batch.map((r) => r.input) });
    for (const row of receipt.items) {
      if (!row.id) throw new Error(`report ${i + row.index} was refused: ${JSON.stringify(row.error)}`);
      batch[row.index].id = row.id;
    }
  }
  await read();
}

const read = () =>
  until("reading all reports", async () => {
    const { counts } = await call(lead, "GET", made.launch);
    return (
      counts.feedback >= reports.filter((r) => r.id).length && counts.waiting === 0 && counts.unread === 0
    );
  });

/** Gives reports their times and own numbers, the earliest first. */
function numbered(some) {
  some.sort((a, b) => a.at - b.at);
  for (const r of some) {
    reports.push(r);
    r.input.occurred_at = new Date(r.at).toISOString();
    r.input.external_id = `lumen-${String(reports.length).padStart(4, "0")}`;
  }
  return some;
}

/** Reviews of the shops' apps come as a file; everything else by the API. */
async function past() {
  const all = numbered([
    ...demo.issues.flatMap((theme) => Array.from({ length: theme.n }, (_, i) => report(theme, i))),
    ...demo.ignored.flatMap((group) => group.says.map((say, i) => unwanted(group, say, i))),
  ]);
  const inFile = (r) => /review|store/.test(r.input.channel) && !r.input.attachments;
  await send(all.filter((r) => !inFile(r)));
  await bring(all.filter(inFile));
}

async function bring(some) {
  const cell = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const columns = {
    review_id: (r) => r.input.external_id,
    submitted_at: (r) => r.input.occurred_at,
    store: (r) => r.input.channel,
    reviewer: (r) => r.input.author.name,
    reviewer_email: (r) => r.input.author.email,
    stars: (r) => r.input.rating,
    app_version: (r) => r.input.app_version,
    headline: (r) => r.input.title,
    review: (r) => r.input.text,
  };
  const lines = some.map((r) => Object.values(columns).map((of) => cell(of(r))));
  // One row of the export is broken, as one always is.
  lines.splice(7, 0, ["X-1", "yesterday", "review", "", "", "5", "", "", "Nice"].map(cell));
  const form = new FormData();
  const text = [Object.keys(columns), ...lines].map((l) => l.join(",")).join("\n");
  form.append("file", new Blob([text], { type: "text/csv" }), "app-reviews.csv");
  const file = await call(lead, "POST", `${made.launch}/imports`, form);
  const mapping = {
    external_id: "review_id",
    occurred_at: "submitted_at",
    channel: "store",
    author_name: "reviewer",
    author_email: "reviewer_email",
    rating: "stars",
    app_version: "app_version",
    title: "headline",
    text: "review",
  };
  await call(lead, "POST", `/imports/${file.id}/start`, { mapping });
  await until(
    "importing the reviews",
    async () => (await call(lead, "GET", `/imports/${file.id}`)).state === "done",
  );
  made.import = file.id;
  const rows = await call(lead, "GET", `${made.launch}/feedback?import=${file.id}&limit=200`);
  const ids = new Map(rows.items.map((f) => [f.external_id, f.id]));
  for (const r of some) r.id = ids.get(r.input.external_id);
  await read();
}

/** What came in the last hours: read with what people corrected before. */
const recent = () => send(numbered(demo.waiting.map(left)));

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

async function rule() {
  for (const r of demo.rules(people)) await call("Sam Rivera", "POST", `${made.launch}/rules`, r);
}

async function tokens() {
  for (const t of demo.tokens) await call(lead, "POST", "/tokens", t);
}

async function link() {
  for (const [from, kind, to] of demo.links)
    await call("Sam Rivera", "POST", `/issues/${issueOf.get(from).id}/links`, {
      kind,
      to: issueOf.get(to).id,
    });
}

/** Notes on issues and reports; whom a text calls on by @Name is told. */
async function discuss() {
  for (const { on, by, text } of demo.notes) {
    const issue = issueOf.get(on);
    const report = reports.findLast((r) => r.wait && r.input.title === on);
    const path = issue ? `/issues/${issue.id}/notes` : `/feedback/${report.id}/notes`;
    const mentions = [...people].filter(([name]) => text.includes(`@${name}`)).map(([, id]) => id);
    await call(by, "POST", path, { text, mentions });
  }
}

/** The oldest wishes wait until tomorrow morning. */
async function putOff() {
  const until = new Date(starts + 10 * day + 9 * 3_600_000).toISOString();
  for (const r of reports.filter((r) => r.wait).slice(0, 3))
    await call(lead, "POST", `/feedback/${r.id}/snooze`, { until });
}

async function views() {
  for (const v of demo.views) await call(lead, "POST", `${made.launch}/views`, v);
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
  { run: rule },
  { run: recent },
  { run: tokens },
  { run: link, needs: "POST /issues/{id}/links" },
  { run: discuss, needs: "POST /issues/{id}/notes" },
  { run: putOff, needs: "POST /feedback/{id}/snooze" },
  { run: views, needs: "POST /launches/{id}/views" },
  { run: assign },
];

const offered = (await (await fetch(`${base}/api/v1/openapi.json`)).json()).paths;
for (const { run, needs } of steps) {
  const [method, path] = (needs ?? "").split(" ");
  if (needs && !offered[path]?.[method.toLowerCase()]) continue;
  await run();
}
const { counts } = await call(lead, "GET", made.launch);
console.log(JSON.stringify({ ...made, reports: reports.length, counts }, null, 2));
