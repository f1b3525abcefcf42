// Signs requests as Slack does and sends the very same bytes to an app of
// @slack/bolt and to hypercare (ADDRESS, SECRET in the environment), and prints
// what each answers, one JSON a line: whatever the one takes the other takes.
import { createHmac } from "node:crypto";
import bolt from "@slack/bolt";

const { ADDRESS, SECRET } = process.env;
const heard = [];
const receiver = new bolt.HTTPReceiver({ signingSecret: SECRET, endpoints: "/in", logLevel: bolt.LogLevel.ERROR });
const app = new bolt.App({
  receiver,
  logLevel: bolt.LogLevel.ERROR,
  authorize: async () => ({ botToken: "xoxb-none", botId: "B1", botUserId: "U0" }),
});
app.command("/hypercare", async ({ command, ack }) => {
  heard.push(command.text);
  await ack({ response_type: "ephemeral", text: "Thank you." });
});
app.shortcut({ type: "message_action", callback_id: "hypercare_report" }, async ({ shortcut, ack }) => {
  heard.push(shortcut.message.text);
  await ack();
});
app.event("app_mention", async ({ event }) => void heard.push(event.text));
const server = await app.start({ port: 0, host: "127.0.0.1" });
const peer = `http://127.0.0.1:${server.address().port}/in`;

const form = (fields) => ["application/x-www-form-urlencoded", new URLSearchParams(fields).toString()];
const json = (value) => ["application/json", JSON.stringify(value)];
const command = (text) =>
  form({
    token: "legacy",
    team_id: "T1",
    team_domain: "acme",
    channel_id: "C1",
    channel_name: "shop",
    user_id: "U1",
    user_name: "ann",
    command: "/hypercare",
    text,
    api_app_id: "A1",
    response_url: "https://hooks.slack.com/commands/T1/1/x",
    trigger_id: `1.${text.length}`,
  });
const shortcut = form({
  payload: JSON.stringify({
    type: "message_action",
    token: "legacy",
    action_ts: "1700000003.0001",
    team: { id: "T1", domain: "acme" },
    user: { id: "U1", username: "ann", team_id: "T1", name: "ann" },
    channel: { id: "C1", name: "shop" },
    is_enterprise_install: false,
    enterprise: null,
    callback_id: "hypercare_report",
    trigger_id: "2.1",
    response_url: "https://hooks.slack.com/app/T1/2/x",
    message_ts: "1700000002.000200",
    message: { type: "message", user: "U9", ts: "1700000002.000200", text: "Bolt saw <https://shop.example|a page> fail" },
  }),
});
const mention = json({
  token: "legacy",
  team_id: "T1",
  api_app_id: "A1",
  type: "event_callback",
  event_id: "Ev1",
  event_time: 1700000004,
  authorizations: [{ team_id: "T1", user_id: "U0", is_bot: true }],
  event: { type: "app_mention", user: "U1", channel: "C1", ts: "1700000004.000100", text: "<@U0> Bolt heard that login fails" },
});
const cases = [
  ["verification", json({ type: "url_verification", token: "legacy", challenge: "c-h-a" })],
  ["command", command("Bolt says the checkout hangs")],
  ["shortcut", shortcut],
  ["mention", mention],
  ["other secret", command("forged"), { secret: "other" }],
  ["other body", command("changed on the way"), { tamper: true }],
  ["stale", command("an old one"), { age: 600 }],
];
for (const [name, [type, body], how = {}] of cases) {
  const at = String(Math.floor(Date.now() / 1000) - (how.age ?? 0));
  const hash = createHmac("sha256", how.secret ?? SECRET).update(`v0:${at}:${body}`).digest("hex");
  const init = {
    method: "POST",
    headers: { "Content-Type": type, "X-Slack-Request-Timestamp": at, "X-Slack-Signature": `v0=${hash}` },
    body: how.tamper ? `${body}&more=1` : body,
  };
  const [theirs, ours] = await Promise.all([fetch(peer, init), fetch(ADDRESS, init)]);
  console.log(JSON.stringify({ name, theirs: theirs.status, ours: ours.status, text: await ours.text(), peer: await theirs.text() }));
}
console.log(JSON.stringify({ name: "heard", heard: heard.length }));
await app.stop();
