import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Combine, Download, MoreHorizontal, Pencil, Split, Trash2 } from "lucide-react";
import { useState } from "react";
import { ActionButton } from "@/actions/action-button";
import { useActions } from "@/actions/use-actions";
import {
  peopleApi,
  personFeedbackQuery,
  personHistoryQuery,
  personQuery,
  suggestionsQuery,
} from "@/api/people";
import type { Person, PersonReport } from "@/api/types";
import { useMe } from "@/app/launch";
import { Page } from "@/app/page";
import { Trans, t, word } from "@/i18n";
import { languageName } from "@/i18n/format";
import { Button, IconButton } from "@/ui/button";
import { Severity } from "@/ui/glyph";
import { Menu, MenuItem } from "@/ui/menu";
import { Fact, Facts, Panel } from "@/ui/panel";
import { Failure, RowsSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { Time, TimeButton } from "@/ui/time";
import { nameOf } from "../people/names";
import { SuggestionList } from "../people/suggestions";
import { FailedCalls } from "./calls";
import { EditDialog } from "./edit-dialog";
import { EraseDialog } from "./erase-dialog";
import { IdentityName } from "./identities";
import { MergeDialog } from "./merge-dialog";
import { SplitDialog } from "./split-dialog";

const route = getRouteApi("/app/people/$personId");

/** One person: everything they sent and met, and by what they are known. */
export default function PersonPage() {
  const { personId } = route.useParams();
  const { data, error, refetch } = useQuery(personQuery(personId));
  if (error)
    return (
      <Page title={t("nav.people")}>
        <Failure error={error} onRetry={() => void refetch()} />
      </Page>
    );
  if (!data)
    return (
      <Page title={t("nav.people")}>
        <Panel>
          <RowsSkeleton rows={6} />
        </Panel>
      </Page>
    );
  return <Whole key={data.id} person={data} />;
}

function Whole({ person: p }: { person: Person }) {
  const may = useMe().permissions;
  const mayWork = may.includes("work_feedback");
  const [open, setOpen] = useState<"merge" | "split" | "edit" | "erase">();
  const close = () => setOpen(undefined);
  useActions([
    {
      id: "person.merge",
      keys: ["m"],
      scope: "item",
      label: t("action.mergePerson"),
      icon: Combine,
      when: () => mayWork,
      run: () => setOpen("merge"),
    },
    {
      id: "person.split",
      keys: ["shift+s"],
      scope: "item",
      label: t("action.splitPerson"),
      icon: Split,
      when: () => mayWork && p.identities.length > 1,
      run: () => setOpen("split"),
    },
  ]);
  return (
    <Page
      title={nameOf(p)}
      note={p.name && p.email ? <span data-user="">{p.email}</span> : undefined}
      actions={
        mayWork ? (
          <>
            <Button icon={Pencil} onClick={() => setOpen("edit")}>
              {t("person.edit")}
            </Button>
            <span className="flex gap-2.5 max-sm:hidden">
              <ActionButton action="person.merge">{t("person.merge")}</ActionButton>
              {p.identities.length > 1 ? (
                <ActionButton action="person.split">{t("person.split.verb")}</ActionButton>
              ) : null}
            </span>
            {may.includes("manage_members") ? (
              <Menu align="end" trigger={<IconButton label={t("person.more")} icon={MoreHorizontal} />}>
                <MenuItem icon={Download} onClick={() => window.location.assign(peopleApi.exportPath(p.id))}>
                  {t("person.export")}
                </MenuItem>
                <MenuItem icon={Trash2} danger onClick={() => setOpen("erase")}>
                  {t("person.erase")}
                </MenuItem>
              </Menu>
            ) : null}
          </>
        ) : null
      }
    >
      <div className="grid items-start gap-3 lg:grid-cols-[minmax(0,1fr)_320px]">
        <div className="grid min-w-0 gap-3">
          <MaybeSame person={p} />
          <Reports person={p} />
          <FailedCalls person={p} />
        </div>
        <div className="grid min-w-0 gap-3">
          <About person={p} />
          <Panel title={t("person.identities")}>
            <ul className="grid gap-1 px-3 pb-3 text-dense">
              {p.identities.map((k) => (
                <li key={`${k.kind} ${k.value}`}>
                  <IdentityName identity={k} />
                </li>
              ))}
            </ul>
          </Panel>
          <History person={p} />
        </div>
      </div>
      {open === "merge" ? <MergeDialog person={p} onClose={close} /> : null}
      {open === "split" ? <SplitDialog person={p} onClose={close} /> : null}
      {open === "edit" ? <EditDialog person={p} onClose={close} /> : null}
      {open === "erase" ? <EraseDialog person={p} onClose={close} /> : null}
    </Page>
  );
}

function About({ person: p }: { person: Person }) {
  const own = Object.entries(p.attrs);
  const theirs = Object.entries(p.organisation?.attrs ?? {}).filter(([k]) => !(k in p.attrs));
  return (
    <Panel>
      <div className="p-3">
        <Facts>
          <Fact name={t("people.organisation")}>
            {p.organisation ? (
              <Link to="/people" search={{ organisation: p.organisation.id }} data-user="" className="link">
                {p.organisation.name}
              </Link>
            ) : (
              <span className="text-fg-3">{t("person.noOrganisation")}</span>
            )}
          </Fact>
          {p.phone ? (
            <Fact name={t("identity.phone")}>
              <span data-user="">{p.phone}</span>
            </Fact>
          ) : null}
          {p.language ? <Fact name={t("facet.language")}>{languageName(p.language)}</Fact> : null}
          <Fact name={t("people.since")}>
            <TimeButton at={p.created_at} />
          </Fact>
          <Fact name={t("person.attributes")}>
            {own.length + theirs.length === 0 ? (
              <span className="text-fg-3">{t("person.noAttributes")}</span>
            ) : null}
            {own.map(([k, v]) => (
              <Tag key={k} user>
                {k}: {v}
              </Tag>
            ))}
            {theirs.map(([k, v]) => (
              <Tag key={k} user tone="accent" title={t("person.fromOrganisation")}>
                {k}: {v}
              </Tag>
            ))}
          </Fact>
        </Facts>
      </div>
    </Panel>
  );
}

function MaybeSame({ person }: { person: Person }) {
  const { data } = useQuery(suggestionsQuery(person.id));
  if (!data?.length) return null;
  return (
    <Panel title={t("people.same")}>
      <SuggestionList list={data} about={person.id} />
    </Panel>
  );
}

function Reports({ person }: { person: Person }) {
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } =
    useInfiniteQuery(personFeedbackQuery(person.id));
  const list = data?.pages.flatMap((p) => p.items) ?? [];
  const owed = list.filter((f) => f.unanswered).length;
  return (
    <Panel
      title={t("person.feedback")}
      note={owed ? <Tag tone="watch">{t("person.owed", { count: owed })}</Tag> : undefined}
    >
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {isPending ? <RowsSkeleton rows={4} /> : null}
      {data && list.length === 0 ? <p className="px-3 pb-3 text-fg-2">{t("person.noFeedback")}</p> : null}
      <ul aria-label={t("person.feedback")}>
        {list.map((f) => (
          <Report key={f.id} report={f} />
        ))}
      </ul>
      {hasNextPage ? (
        <div className="border-line border-t p-2">
          <Button size="sm" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t("common.more")}
          </Button>
        </div>
      ) : null}
    </Panel>
  );
}

function Report({ report: f }: { report: PersonReport }) {
  return (
    <li className="relative flex min-h-11 flex-wrap items-center gap-x-3 gap-y-0.5 border-line border-t px-3 py-1.5 text-row hover:bg-hover">
      <Severity level={f.severity} />
      <Link
        to="/launches/$launchId/feedback"
        params={{ launchId: f.launch_id }}
        search={{ tab: "all", item: f.id }}
        data-user=""
        className="min-w-0 flex-1 truncate font-550 after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
      >
        {f.title || f.summary || f.snippet}
      </Link>
      {f.issue ? (
        <Link
          to="/launches/$launchId/issues/$issueId"
          params={{ launchId: f.launch_id, issueId: f.issue.key }}
          className="link relative z-1 text-meta"
        >
          {f.issue.key}
        </Link>
      ) : null}
      {f.unanswered ? <Tag tone="watch">{t("person.waits")}</Tag> : null}
      <span className="text-meta text-fg-3">{word("state", f.state)}</span>
      <span className="text-meta text-fg-3">
        <Time at={f.received_at} />
      </span>
    </li>
  );
}

function History({ person }: { person: Person }) {
  const { data } = useQuery(personHistoryQuery(person.id));
  if (!data?.length) return null;
  return (
    <Panel title={t("person.history")}>
      <ul className="grid gap-2 px-3 pb-3 text-dense">
        {data.map((m) => (
          <li key={m.id} className={m.undone_at ? "text-fg-3" : ""}>
            <Trans
              k={m.kind === "merge" ? "person.merged" : "person.split"}
              values={{
                from: <span data-user="">{m.from_name || t("people.unnamed")}</span>,
                into: <span data-user="">{m.into_name || t("people.unnamed")}</span>,
              }}
            />
            {m.undone_at ? ` (${t("person.undone")})` : ""}
            <span className="block text-meta text-fg-3">
              <span data-user="">
                {m.by.name}: {m.reason}
              </span>{" "}
              <Time at={m.at} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
