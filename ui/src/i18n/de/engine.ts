import type { Message } from "..";
import type { engine as en } from "../en/engine";

/** Rules, decisions and accuracy in German. */
export const engine: Record<keyof typeof en, Message> = {
  "rules.note":
    "Geht eine Meldung ein und trifft die Bedingung zu, greifen diese Regeln in dieser Reihenfolge.",
  "rules.none": "Noch keine Regeln",
  "rules.noneText":
    "Eine Regel weist zu, vergibt Tags, setzt den Schweregrad oder ignoriert. Vorher ist zu sehen, was sie getroffen hätte.",
  "rules.new": "Neue Regel",
  "rules.edit": "Regel ändern",
  "rules.delete": "Regel löschen",
  "rules.enabled": "{name} ist aktiv",
  "rules.name": "Name",
  "rules.when": "Wenn",
  "rules.whenHint":
    "Ein CEL-Ausdruck über text, title, category, severity, sentiment, language, channel, area, rating, attrs, tags, author, alike, security, imported.",
  "rules.severity": "Schweregrad wird",
  "rules.assign": "Zuweisen an",
  "rules.tags": "Tags hinzufügen",
  "rules.ignore": "Meldung ignorieren",
  "rules.keep": "Unverändert",
  "rules.tagged": "Tag {tag}",
  "rules.assigned": "zuweisen",
  "rules.ignored": "ignorieren",
  "rules.hits": { one: "{count} Treffer", other: "{count} Treffer" },
  "rules.preview": "Vorschau mit bisherigem Feedback",
  "rules.matched": {
    one: "Hätte {count} der letzten {scanned} getroffen.",
    other: "Hätte {count} der letzten {scanned} getroffen.",
  },

  "decisions.note":
    "Was die Triage entschieden hat und warum, und was Menschen berichtigt haben. Daraus lernt sie.",
  "decisions.field": "Feld",
  "decisions.anyField": "Alle Felder",
  "decisions.corrected": "Nur korrigierte",
  "decisions.correctedTo": "{field}: {to}",
  "decisions.none": "Keine Entscheidungen",
  "decisions.noneText": "Jede Meldung, die die Triage liest, hinterlässt hier eine Zeile.",
  "accuracy.title": "Genauigkeit",
  "accuracy.note": "gemessen an den Korrekturen",
  "accuracy.field": "Feld",
  "accuracy.class": "Wert",
  "accuracy.n": "Meldungen",
  "accuracy.precision": "Präzision",
  "accuracy.recall": "Trefferquote",
  "accuracy.unknown": "noch unbekannt",
  "accuracy.corrected": { one: "{count} korrigiert", other: "{count} korrigiert" },
};
