import { Link } from "@tanstack/react-router";
import { Layers, Sparkles } from "lucide-react";
import type { Feedback, RelatedResult } from "@/api/types";
import { Trans, t, word } from "@/i18n";
import { percent } from "@/i18n/format";
import { Button } from "@/ui/button";
import { Icon } from "@/ui/icon";

interface Props {
  feedback: Feedback;
  related: RelatedResult | undefined;
  launchId: string;
  onAccept: (issueId?: string) => void;
}

/** The one thing triage would do next, in a sentence, with its reason on hover. Nothing is done unasked. */
export function SuggestionBar({ feedback: f, related, launchId, onAccept }: Props) {
  if (f.issue) {
    return (
      <p className="flex items-center gap-[9px] rounded-2 bg-ok-soft px-[11px] py-[7px] text-row">
        <Icon of={Layers} size={15} className="text-ok" />
        <span className="min-w-0">
          <Trans
            k="suggest.inIssue"
            values={{
              link: (
                <Link
                  to="/launches/$launchId/issues/$issueId"
                  params={{ launchId, issueId: f.issue.key }}
                  className="link font-550"
                >
                  {f.issue.key} {f.issue.title}
                </Link>
              ),
            }}
          />
        </span>
      </p>
    );
  }
  if (f.state !== "new") return null;
  const best = related?.issues[0];
  const strong = (text: string) => <strong className="font-semibold">{text}</strong>;
  return (
    <div
      className="flex flex-wrap items-center gap-[9px] rounded-2 bg-accent-soft py-[7px] pr-2 pl-[11px] text-row"
      title={best?.reason ?? f.triage?.reason}
    >
      <Icon of={best ? Layers : Sparkles} size={15} className="text-accent-text" />
      <span className="min-w-0 flex-1">
        {best ? (
          <Trans
            k="suggest.join"
            values={{
              key: <span className="id">{best.issue.key}</span>,
              title: strong(best.issue.title),
              percent: percent(best.confidence),
            }}
          />
        ) : (
          <Trans
            k={f.area ? "suggest.new" : "suggest.newNoArea"}
            values={{
              severity: strong(word("severity", f.severity)),
              category: strong(word("category", f.category)),
              area: strong(f.area),
            }}
          />
        )}
      </span>
      <Button size="sm" keys={best ? "shift+enter" : "enter"} onClick={() => onAccept(best?.issue.id)}>
        {t(best ? "suggest.joinDo" : "suggest.newDo")}
      </Button>
    </div>
  );
}
