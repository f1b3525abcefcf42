// Sends with the clients of PagerDuty and CloudEvents, as they are: an alert that is acknowledged and
// resolved, another that stays, a change, and an event in each of its forms.
import { acknowledge, change, resolve, trigger } from "@pagerduty/pdjs";
import { CloudEvent, emitterFor, httpTransport, Mode } from "cloudevents";

const { SERVER: server, KEY: routing_key, SINK: sink } = process.env;
const payload = { summary: "Queue 17 is full", source: "pdjs", severity: "error", component: "checkout" };
const out = [];
const say = async (name, answer) => out.push([name, answer.response.status, answer.data.dedup_key ?? ""]);
const first = await trigger({ server, data: { routing_key, payload } });
await say("trigger", first);
const dedup_key = first.data.dedup_key;
await say("acknowledge", await acknowledge({ server, data: { routing_key, dedup_key, payload } }));
await say("resolve", await resolve({ server, data: { routing_key, dedup_key, payload } }));
await say("stays", await trigger({ server, data: { routing_key, dedup_key: "stays", payload: { ...payload, summary: "Disk full" } } }));
await say(
  "change",
  await change({ server, data: { routing_key, payload: { summary: "Deployed checkout v3.0.4", source: "pdjs", timestamp: new Date().toISOString() } } }),
);
for (const mode of [Mode.BINARY, Mode.STRUCTURED]) {
  const emit = emitterFor(httpTransport(sink), { mode });
  const event = new CloudEvent({ type: "checkout.failed", source: `cloudevents/${mode}`, data: { summary: `Checkout fails, ${mode}`, severity: "error" } });
  for (let i = 0; i < 2; i++) await emit(event); // the same event twice is one
  out.push([mode, 202, event.id]);
}
console.log(JSON.stringify(out));
