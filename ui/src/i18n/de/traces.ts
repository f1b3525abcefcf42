import type { Message } from "..";
import type { traces as en } from "../en/traces";

/** Traces: was Dienste für eine Anfrage getan haben, ein Balken unter dem anderen. */
export const traces: Record<keyof typeof en, Message> = {
  "traces.title": "Trace",
  "traces.of": "Trace {id}",
  "traces.note": "{spans} Spans von {services} Diensten in {took}",
  "traces.alone":
    "Kein Dienst hat Spans zu diesem Trace gesendet, und kein anderer Aufruf über das Gateway gehört dazu.",
  "traces.open": "Trace öffnen",
  "traces.more": { one: "{count} weiterer Span", other: "{count} weitere Spans" },
  "traces.cut": "Es gibt mehr Spans, als gezeigt werden.",
  "traces.spans": "Spans",
  "traces.logs": "Was Dienste protokolliert haben",
  "traces.noLogs": "In diesem Trace hat kein Dienst etwas protokolliert.",
  "traces.none": "Über diesen Trace ist nichts bekannt",
  "traces.noneText":
    "Seine Spans wurden nicht so lange aufbewahrt, sind noch unterwegs oder wurden nie gesendet. Telemetrie kommt über einen OpenTelemetry-Kanal des Launches.",
  "traces.span": "Span {name}",
  "traces.failed": "fehlgeschlagen",
  "traces.slowest": "die meiste Zeit",
  "traces.service": "Dienst",
  "traces.kind": "Art",
  "traces.start": "Beginn",
  "traces.took": "Dauer",
  "traces.self": "Selbst",
  "traces.selfText": "ohne das, was in den Spans darin liegt",
  "traces.status": "Status",
  "traces.route": "Route",
  "traces.user": "Benutzer",
  "traces.session": "Sitzung",
  "traces.release": "Release",
  "traces.environment": "Umgebung",
  "traces.attributes": "Attribute",
  "traces.events": "Was darin geschah",
  "traces.call": "Aufruf zeigen",
  "traces.id": "Span-Id",
};
