import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check, ChevronDown, ChevronUp, Sparkles } from "lucide-react";
import { useState } from "react";
import { proposalsQuery } from "@/api/feedback";
import type { Proposal } from "@/api/types";
import { t, word } from "@/i18n";
import { decimal } from "@/i18n/format";
import { Button } from "@/ui/button";
import { Severity } from "@/ui/glyph";
import { Icon } from "@/ui/icon";
import { Panel } from "@/ui/panel";
import { Tag } from "@/ui/tag";
import { authorOf } from "../feedback/names";
import { useVerbs } from "../feedback/verbs";

const few = 4;

/** Issues that untriaged reports would make, found by likeness. Each is accepted by a person or not at all. */
export function Proposals({ launchId }: { launchId: string }) {
  const { data } = useQuery({ ...proposalsQuery(launchId), staleTime: 30_000 });
  const verbs = useVerbs(launchId);
  const [all, setAll] = useState(false);
  const [gone, setGone] = useState<Set<string>>(new Set());
  const items = (data?.items ?? []).filter((p) => !gone.has(p.feedback_ids[0] ?? ""));
  if (items.length === 0) return null;
  const reports = items.reduce((n, p) => n + p.count, 0);
  const accept = (p: Proposal) => {
    setGone((g) => new Set([...g, p.feedback_ids[0] ?? ""]));
    void verbs.acceptMany(p.feedback_ids, true);
  };
  const shown = all ? items : items.slice(0, few);
  return (
    <Panel
      title={
        <span className="inline-flex items-center gap-2">
          <Icon of={Sparkles} size={14} className="text-accent-text" />
          {t("proposals.title", { count: items.length })}
        </span>
      }
      note={t("proposals.note", { count: reports })}
      actions={
        items.length > few ? (
          <Button size="sm" look="ghost" onClick={() => setAll(!all)} aria-expanded={all}>
            {t(all ? "proposals.fewer" : "proposals.all")}
          </Button>
        ) : null
      }
    >
      <ul>
        {shown.map((p) => (
          <ProposalRow key={p.feedback_ids[0]} proposal={p} launchId={launchId} onAccept={() => accept(p)} />
        ))}
      </ul>
    </Panel>
  );
}

function ProposalRow({
  proposal: p,
  launchId,
  onAccept,
}: {
  proposal: Proposal;
  launchId: string;
  onAccept: () => void;
}) {
  const [open, setOpen] = useState(false);
  return (
    <li className="border-line border-t text-row">
      <div className="flex min-h-[38px] flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1">
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="inline-flex min-h-6 min-w-0 flex-1 basis-64 items-center gap-2 text-left"
        >
          <Icon of={open ? ChevronUp : ChevronDown} size={13} className="text-fg-3" />
          <span data-user="" className="truncate font-550">
            {p.title}
          </span>
        </button>
        <span className="w-16">
          <Severity level={p.severity} />
        </span>
        <span className="w-28 truncate text-fg-2 max-lg:hidden">{word("category", p.category)}</span>
        <span className="num flex w-40 gap-2.5 text-fg-2">
          <span>{t("issue.reports", { count: p.count })}</span>
          {p.people ? <span className="sep">{t("issue.people", { count: p.people })}</span> : null}
        </span>
        <span className="num w-14 text-right font-550" title={t("issues.colPriority")}>
          {decimal(p.priority)}
        </span>
        <Button size="sm" icon={Check} onClick={onAccept} title={p.reason}>
          {t("proposals.accept")}
        </Button>
      </div>
      {open ? (
        <div className="appear grid gap-2 px-3 pb-3 pl-[33px]">
          <p className="text-dense text-fg-2">{p.reason}</p>
          <p className="flex flex-wrap gap-1.5">
            {p.words.map((w) => (
              <Tag key={w}>{w}</Tag>
            ))}
          </p>
          <ul className="grid gap-1">
            {p.sample.map((f) => (
              <li key={f.id} className="flex min-w-0 gap-2 text-dense">
                <span className="w-28 flex-none truncate text-fg-3">{authorOf(f)}</span>
                <Link
                  to="/launches/$launchId/feedback"
                  params={{ launchId }}
                  search={{ item: f.id }}
                  dir="auto"
                  className="truncate hover:underline"
                >
                  {f.title || f.snippet}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ) : null}
    </li>
  );
}
