import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Plus, Upload } from "lucide-react";
import { useState } from "react";
import { ActionButton } from "@/actions/action-button";
import { useActions } from "@/actions/use-actions";
import { useRowKeys } from "@/actions/use-row-keys";
import { organisationsQuery, peopleQuery, segmentsQuery } from "@/api/people";
import type { Organisation, Person, Segment } from "@/api/types";
import { useMe } from "@/app/launch";
import { Page } from "@/app/page";
import { peopleTabs } from "@/app/search";
import { t } from "@/i18n";
import { Avatar } from "@/ui/avatar";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Panel } from "@/ui/panel";
import { SearchBox } from "@/ui/search-box";
import { Empty, Failure, RowsSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { Time } from "@/ui/time";
import { ImportDialog } from "./import-dialog";
import { nameOf } from "./names";
import { OrganisationDialog, Organisations } from "./organisations";
import { SegmentDialog, Segments } from "./segments";
import { Same } from "./suggestions";

const route = getRouteApi("/app/people");
const columns =
  "grid grid-cols-[24px_minmax(0,1fr)_auto] items-center gap-x-3 px-3 md:grid-cols-[24px_minmax(0,2fr)_minmax(0,2fr)_minmax(0,1.4fr)_minmax(0,2fr)_100px]";
const tabWords = {
  same: "people.same",
  organisations: "people.organisations",
  segments: "people.segments",
} as const;

/** Who reports: people, pairs that may be one, organisations and segments. */
export default function People() {
  const { tab } = route.useSearch();
  const mayChange = useMe().permissions.includes("manage_launch");
  const [open, setOpen] = useState<"import" | Organisation | Segment | "organisation" | "segment">();
  const close = () => setOpen(undefined);
  const making = tab === "organisations" || tab === "segments" ? tab : undefined;
  useActions([
    {
      id: "people.import",
      keys: ["i"],
      scope: "list",
      label: t("action.importPeople"),
      icon: Upload,
      when: () => mayChange,
      run: () => setOpen("import"),
    },
    {
      id: "people.new",
      keys: ["n"],
      scope: "list",
      label: t("action.newOfPeople"),
      icon: Plus,
      when: () => mayChange && making !== undefined,
      run: () => setOpen(making === "organisations" ? "organisation" : "segment"),
    },
  ]);
  return (
    <Page
      title={t("nav.people")}
      note={t("people.note")}
      actions={
        !mayChange ? null : making ? (
          <ActionButton action="people.new">
            {t(making === "organisations" ? "organisations.new" : "segments.new")}
          </ActionButton>
        ) : (
          <ActionButton action="people.import">{t("people.import")}</ActionButton>
        )
      }
    >
      <nav aria-label={t("people.parts")} className="flex gap-4 overflow-x-auto border-line border-b">
        {([undefined, ...peopleTabs] as const).map((one) => (
          <Link
            key={one ?? ""}
            to="/people"
            search={{ tab: one }}
            aria-current={one === tab ? "true" : undefined}
            className={cx(
              "-mb-px flex h-8 flex-none items-center border-b-2 text-row font-medium whitespace-nowrap pointer-coarse:h-10",
              one === tab ? "border-fg text-fg" : "border-transparent text-fg-3 hover:text-fg-2",
            )}
          >
            {t(one ? tabWords[one] : "nav.people")}
          </Link>
        ))}
      </nav>
      {tab === undefined ? <List mayChange={mayChange} onImport={() => setOpen("import")} /> : null}
      {tab === "same" ? <Same /> : null}
      {tab === "organisations" ? (
        <Organisations mayChange={mayChange} onNew={() => setOpen("organisation")} onEdit={setOpen} />
      ) : null}
      {tab === "segments" ? (
        <Segments mayChange={mayChange} onNew={() => setOpen("segment")} onEdit={setOpen} />
      ) : null}
      {open === "import" ? <ImportDialog onClose={close} /> : null}
      {open === "organisation" || (typeof open === "object" && "domains" in open) ? (
        <OrganisationDialog organisation={typeof open === "object" ? open : undefined} onClose={close} />
      ) : null}
      {open === "segment" || (typeof open === "object" && "conditions" in open) ? (
        <SegmentDialog segment={typeof open === "object" ? open : undefined} onClose={close} />
      ) : null}
    </Page>
  );
}

function List({ mayChange, onImport }: { mayChange: boolean; onImport: () => void }) {
  const navigate = route.useNavigate();
  const { q, organisation, segment } = route.useSearch();
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } =
    useInfiniteQuery(peopleQuery({ q, organisation, segment }));
  const people = data?.pages.flatMap((p) => p.items) ?? [];
  const narrowed = q || organisation || segment;
  useRowKeys(people.length);
  return (
    <>
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      <div className="flex flex-wrap items-center gap-3">
        <SearchBox
          label={t("people.search")}
          value={q ?? ""}
          onSearch={(v) => void navigate({ search: (s) => ({ ...s, q: v || undefined }), replace: true })}
        />
        {organisation || segment ? <Narrowed organisation={organisation} segment={segment} /> : null}
      </div>
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={8} height={40} />
        </Panel>
      ) : null}
      {data && people.length === 0 ? (
        narrowed ? (
          <p className="py-8 text-center text-fg-2">{t("people.noneFound")}</p>
        ) : (
          <Empty
            title={t("people.none")}
            action={mayChange ? <Button onClick={onImport}>{t("people.import")}</Button> : null}
          >
            <p>{t("people.noneText")}</p>
          </Empty>
        )
      ) : null}
      {people.length ? (
        <Panel>
          <div aria-hidden="true" className={cx(columns, "h-7 text-axis text-fg-3 max-md:hidden")}>
            <span />
            <span>{t("people.name")}</span>
            <span>{t("people.address")}</span>
            <span>{t("people.organisation")}</span>
            <span>{t("people.attributes")}</span>
            <span className="text-right">{t("people.since")}</span>
          </div>
          <ul aria-label={t("nav.people")}>
            {people.map((p) => (
              <Row key={p.id} person={p} />
            ))}
          </ul>
        </Panel>
      ) : null}
      {hasNextPage ? (
        <Button className="self-center" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t("common.more")}
        </Button>
      ) : null}
    </>
  );
}

/** Of which organisation or segment the list is, and the way back to everybody. */
function Narrowed({ organisation, segment }: { organisation?: string; segment?: string }) {
  const organisations = useQuery({ ...organisationsQuery(), enabled: organisation !== undefined }).data;
  const segments = useQuery({ ...segmentsQuery, enabled: segment !== undefined }).data;
  const name =
    organisations?.find((o) => o.id === organisation)?.name ?? segments?.find((s) => s.id === segment)?.name;
  return (
    <span className="inline-flex items-center gap-2 text-row">
      {name ? <Tag user>{name}</Tag> : null}
      <Link to="/people" className="link">
        {t("people.clear")}
      </Link>
    </span>
  );
}

function Row({ person: p }: { person: Person }) {
  return (
    <li className={cx(columns, "relative min-h-10 border-line border-t py-1 text-row hover:bg-hover")}>
      <Avatar name={nameOf(p)} />
      <Link
        to="/people/$personId"
        params={{ personId: p.id }}
        data-list-row=""
        data-user=""
        className="truncate font-550 after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
      >
        {nameOf(p)}
      </Link>
      <span data-user="" className="truncate text-fg-2 max-md:hidden">
        {p.name ? p.email : ""}
      </span>
      <span data-user="" className="truncate text-fg-2 max-md:text-meta">
        {p.organisation?.name}
      </span>
      <span className="flex min-w-0 gap-1 overflow-hidden max-md:hidden">
        {Object.entries(p.attrs)
          .slice(0, 3)
          .map(([k, v]) => (
            <Tag key={k} user title={`${k}: ${v}`}>
              {v}
            </Tag>
          ))}
      </span>
      <span className="text-right text-meta text-fg-3 max-md:hidden">
        <Time at={p.created_at} />
      </span>
    </li>
  );
}
