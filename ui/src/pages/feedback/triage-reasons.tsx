import { lazy, Suspense } from "react";
import type { Feedback } from "@/api/types";
import { t, word } from "@/i18n";
import { percent } from "@/i18n/format";
import { Fold } from "../shared/fold";
import type { Verbs } from "./verbs";

/** The answers come when somebody unfolds them. */
const TriageRows = lazy(() => import("./triage-rows"));

/** What the engine answered in one line; behind it every answer with its reason. */
export function TriageReasons({ feedback: f, verbs }: { feedback: Feedback; verbs: Verbs }) {
  const triage = f.triage;
  // A row of the list stands in until the whole is there; it says nothing about triage.
  if (!triage && f.text === undefined) return null;
  if (!triage) return <p className="px-2 py-1.5 text-dense text-fg-2">{t("triage.waiting")}</p>;
  const short = t("feedback.whyIn", {
    category: word("category", f.category),
    severity: word("severity", f.severity),
    percent: percent(f.category_confidence),
  });
  return (
    <Fold id="why" title={t("triage.title")} short={short}>
      <Suspense>
        <TriageRows feedback={f} triage={triage} verbs={verbs} />
      </Suspense>
    </Fold>
  );
}
