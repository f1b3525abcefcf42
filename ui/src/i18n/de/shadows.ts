import type { Message } from "..";
import type { shadows as en } from "../en/shadows";

export const shadows: Record<keyof typeof en, Message> = {
  "shadows.title": "Spiegel",
  "shadows.note": "Was Kopien von Aufrufen als Antwort bekamen, neben dem, was Aufrufer bekamen.",
  "shadows.how":
    "Erst mit Kopien versuchen: Gibt man einer Route die Richtlinie mirror, werden beide Antworten hier verglichen.",
  "shadows.to": "Kopien an {upstream}",
  "shadows.pairs": { one: "{count} Kopie", other: "{count} Kopien" },
  "shadows.same": "{share} gleich",
  "shadows.equal": "gleich schnell",
  "shadows.slower": "{ms} ms langsamer",
  "shadows.faster": "{ms} ms schneller",
  "shadows.since": "seit {time}",
  "shadows.latency": "Bis zum ersten Byte",
  "shadows.latencyLine": "p50 {p50} ms, Kopien {shadow50} ms · p95 {p95} ms, Kopien {shadow95} ms",
  "shadows.byLuck": "langsamer aus Zufall: p {p}",
  "shadows.examples": "Letzte Unterschiede",
  "shadows.noExamples": "Bisher keine.",
  "shadows.answers": "{primary}, Kopie {shadow}",
  "shadows.reset": "Neu beginnen",
  "shadows.resetTitle": "{route} neu vergleichen?",
  "shadows.resetText": "Was gezählt wurde, geht und kommt nicht zurück; die nächste Kopie ist die erste.",
  "shadowDifference.shadow_failed": "Nur die Kopie scheiterte",
  "shadowDifference.status": "Anderer Status",
  "shadowDifference.body": "Anderer Inhalt",
  "shadowDifference.primary_failed": "Nur der Aufruf scheiterte",
  "shadowDifference.both_failed": "Beide scheiterten",
  "toast.shadowReset": "{route} wird neu verglichen",
};
