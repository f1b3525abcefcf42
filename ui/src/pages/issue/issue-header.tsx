import { Link } from "@tanstack/react-router";
import { ArrowLeft, ChevronDown, ChevronsRight, ChevronUp, GitMerge, Link2, Scissors } from "lucide-react";
import { ActionButton, ActionIconButton } from "@/actions/action-button";
import { ActionMenu } from "@/actions/action-menu";
import type { Stage } from "@/api/issue-filter";
import type { Issue } from "@/api/types";
import { LiveDot } from "@/app/live";
import { t, word } from "@/i18n";
import { number } from "@/i18n/format";
import { Button, buttonClass } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { StageTag } from "@/ui/stage";
import type { placeIn, Trail } from "../issues/trail";
import { sayEffect } from "./effect";
import { moveEffect } from "./stages";

/** The bar over an issue: where it stands, its neighbours in the list it came from, and what to do next. */
export function IssueHeader({
  issue,
  launchId,
  trail,
  place,
  next,
  onNext,
}: {
  issue: Issue;
  launchId: string;
  trail: Trail | undefined;
  place: ReturnType<typeof placeIn>;
  next: Stage | undefined;
  onNext: () => void;
}) {
  const many = issue.reach.feedback > 1;
  return (
    <header className="flex h-11 flex-none items-center gap-2 border-line border-b pr-3.5 pl-6 max-md:pl-2">
      <Back launchId={launchId} trail={trail} />
      <span className="id whitespace-nowrap text-fg-2">{issue.key}</span>
      <StageTag stage={issue.stage} />
      <LiveDot />
      <span className="flex-1" />
      {place ? (
        <span className="num text-[12px] whitespace-nowrap text-fg-2 max-lg:hidden">
          {t("feedback.place", { at: number(place.at), of: number(place.of) })}
        </span>
      ) : null}
      <ActionIconButton
        action="item.up"
        label={t("action.previous")}
        icon={ChevronUp}
        className="max-sm:hidden"
      />
      <ActionIconButton
        action="item.down"
        label={t("action.next")}
        icon={ChevronDown}
        className="max-sm:hidden"
      />
      {many ? (
        <ActionButton action="item.split" icon={Scissors} className="max-lg:!hidden">
          {t("issue.split")}
        </ActionButton>
      ) : null}
      <ActionButton action="item.merge" icon={GitMerge} className="max-md:!hidden">
        {t("issue.merge")}
      </ActionButton>
      <ActionButton action="item.link" icon={Link2} className="max-lg:!hidden">
        {t("issue.link")}
      </ActionButton>
      <ActionMenu scope="item" />
      {next ? (
        <Button
          look="primary"
          icon={ChevronsRight}
          title={sayEffect(moveEffect(issue.stage, next, issue.reach.people))}
          onClick={onNext}
        >
          <span className="max-sm:hidden">{t("issue.moveTo", { stage: word("stage", next) })}</span>
          <span className="sm:hidden">{word("stage", next)}</span>
        </Button>
      ) : null}
    </header>
  );
}

function Back({ launchId, trail }: { launchId: string; trail: Trail | undefined }) {
  const label = trail?.page === "board" ? t("issue.backBoard") : t("issue.back");
  const look = {
    "aria-label": label,
    title: label,
    className: buttonClass("ghost", "md", "w-7 !px-0 -ml-2"),
    children: <Icon of={ArrowLeft} size={15} />,
  };
  if (trail?.page === "board")
    return <Link to="/launches/$launchId/board" params={{ launchId }} search={trail.search} {...look} />;
  return (
    <Link to="/launches/$launchId/issues" params={{ launchId }} search={trail?.search ?? {}} {...look} />
  );
}
