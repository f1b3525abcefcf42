import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { ActionButton } from "@/actions/action-button";
import { useActions } from "@/actions/use-actions";
import { useRowKeys } from "@/actions/use-row-keys";
import { applicationsQuery } from "@/api/applications";
import type { Application } from "@/api/types";
import { useMe } from "@/app/launch";
import { Page } from "@/app/page";
import { t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Glyph } from "@/ui/glyph";
import { Panel } from "@/ui/panel";
import { SearchBox } from "@/ui/search-box";
import { Empty, Failure, RowsSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { Time, useNow } from "@/ui/time";
import { ApplicationDialog } from "./application-dialog";
import { ApplicationDrawer } from "./application-drawer";
import { appState, fits, opens } from "./keys";
import { PlanDialog } from "./plan-dialog";
import { PlanList } from "./plan-list";

const route = getRouteApi("/app/gateway/applications");
const columns =
  "grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 px-3 md:grid-cols-[minmax(0,3fr)_minmax(0,2fr)_96px_minmax(0,2fr)_84px_90px]";

/** Rows that are drawn at once; more when asked for. */
const step = 200;

/** Who calls what is published, the keys they call with, and the plans that bound them. */
export default function Applications() {
  const navigate = route.useNavigate();
  const { tab, application } = route.useSearch();
  const mayChange = useMe().permissions.includes("manage_launch");
  const { data } = useQuery(applicationsQuery);
  const [making, setMaking] = useState<"application" | "plan">();
  const open = tab ? undefined : data?.find((a) => a.id === application);
  const show = (id: string | undefined) => void navigate({ search: { application: id }, replace: true });
  useActions([
    {
      id: "application.new",
      keys: ["n"],
      scope: "list",
      label: t("action.newApplication"),
      hint: t("hint.newApplication"),
      icon: Plus,
      when: () => mayChange,
      run: () => setMaking("application"),
    },
    {
      id: "plan.new",
      keys: ["shift+n"],
      scope: "list",
      label: t("action.newPlan"),
      hint: t("hint.newPlan"),
      icon: Plus,
      when: () => mayChange,
      run: () => setMaking("plan"),
    },
  ]);
  const made = (app: Application) => show(app.id);
  return (
    <Page
      title={t("nav.applications")}
      note={t("applications.note")}
      actions={
        !mayChange ? null : tab ? (
          <ActionButton action="plan.new">{t("plans.new")}</ActionButton>
        ) : (
          <ActionButton action="application.new" look={data?.length === 0 ? "primary" : "plain"}>
            {t("applications.new")}
          </ActionButton>
        )
      }
      drawer={
        open ? (
          <ApplicationDrawer
            key={open.id}
            application={open}
            mayChange={mayChange}
            onClose={() => show(undefined)}
          />
        ) : null
      }
    >
      <nav aria-label={t("plans.parts")} className="flex gap-4 overflow-x-auto border-line border-b">
        {([undefined, "plans"] as const).map((one) => (
          <Link
            key={one ?? ""}
            to="/gateway/applications"
            search={{ tab: one }}
            aria-current={one === tab ? "true" : undefined}
            className={cx(
              "-mb-px flex h-8 flex-none items-center border-b-2 text-row font-medium whitespace-nowrap pointer-coarse:h-10",
              one === tab ? "border-fg text-fg" : "border-transparent text-fg-3 hover:text-fg-2",
            )}
          >
            {t(one ? "plans.title" : "nav.applications")}
          </Link>
        ))}
      </nav>
      {tab ? (
        <PlanList mayChange={mayChange} onNew={() => setMaking("plan")} />
      ) : (
        <ApplicationList open={open} mayChange={mayChange} onNew={() => setMaking("application")} />
      )}
      {making === "application" ? (
        <ApplicationDialog onClose={() => setMaking(undefined)} onDone={made} />
      ) : null}
      {making === "plan" ? <PlanDialog onClose={() => setMaking(undefined)} /> : null}
    </Page>
  );
}

function ApplicationList({
  open,
  mayChange,
  onNew,
}: {
  open?: Application;
  mayChange: boolean;
  onNew: () => void;
}) {
  const { data, error, isPending, refetch } = useQuery(applicationsQuery);
  const [q, setQ] = useState("");
  const [most, setMost] = useState(step);
  const wanted = useDeferredValue(q);
  const all = data ?? [];
  const found = wanted ? all.filter((a) => fits(a, wanted)) : all;
  useRowKeys(found.length);
  return (
    <>
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={6} height={40} />
        </Panel>
      ) : null}
      {data?.length === 0 ? (
        <Empty
          title={t("applications.none")}
          action={mayChange ? <Button onClick={onNew}>{t("applications.new")}</Button> : null}
        >
          <p>{t("applications.noneText")}</p>
        </Empty>
      ) : null}
      {all.length ? (
        <>
          <div className="flex items-center gap-3">
            <SearchBox label={t("applications.search")} value={q} onSearch={(v) => setQ(v ?? "")} />
            <span className="num text-meta text-fg-3">
              {t("applications.count", { count: found.length })}
            </span>
          </div>
          {found.length ? (
            <Panel>
              <div
                aria-hidden="true"
                className={cx(
                  columns,
                  "h-7 text-axis text-fg-3 max-md:hidden",
                  open && "lg:!grid-cols-[minmax(0,3fr)_84px_90px]",
                )}
              >
                <span>{t("applications.name")}</span>
                <span className={open ? "lg:hidden" : ""}>{t("applications.contact")}</span>
                <span className={open ? "lg:hidden" : ""}>{t("applications.plan")}</span>
                <span className={open ? "lg:hidden" : ""}>{t("applications.apis")}</span>
                <span className="text-right">{t("applications.keys")}</span>
                <span>{t("applications.state")}</span>
              </div>
              <ul aria-label={t("nav.applications")}>
                {found.slice(0, most).map((a) => (
                  <Row key={a.id} app={a} narrow={open !== undefined} current={a.id === open?.id} />
                ))}
              </ul>
            </Panel>
          ) : (
            <p className="py-8 text-center text-fg-2">{t("applications.noneFound")}</p>
          )}
          {found.length > most ? (
            <Button className="self-center" onClick={() => setMost(most + step)}>
              {t("common.more")}
            </Button>
          ) : null}
        </>
      ) : null}
    </>
  );
}

function Row({ app, narrow, current }: { app: Application; narrow: boolean; current: boolean }) {
  const now = useNow();
  const { state, word: w } = appState(app, now);
  const valid = app.keys.filter((k) => opens(k, now)).length;
  const hide = narrow && "lg:hidden";
  return (
    <li
      className={cx(
        columns,
        "relative min-h-10 border-line border-t py-1 text-row hover:bg-hover",
        narrow && "lg:!grid-cols-[minmax(0,3fr)_84px_90px]",
        current && "bg-selected hover:bg-selected",
      )}
    >
      <Link
        to="/gateway/applications"
        search={{ application: app.id }}
        replace
        data-list-row=""
        data-user=""
        aria-current={current ? "true" : undefined}
        className={cx(
          "truncate font-550 after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus",
          app.disabled_at && "text-fg-3",
        )}
      >
        {app.name}
      </Link>
      <span data-user="" className={cx("truncate text-fg-2 max-md:hidden", hide)}>
        {app.contact}
      </span>
      <span className={cx("min-w-0 max-md:hidden", hide)}>
        {app.plan ? <Tag user>{app.plan}</Tag> : null}
      </span>
      <span className={cx("truncate text-fg-2 max-md:hidden", hide)}>
        {app.apis.length ? <span data-user="">{app.apis.join(", ")}</span> : t("applications.allApis")}
      </span>
      <span className="num text-right text-meta text-fg-2 max-md:col-start-2 max-md:row-start-2">
        {t("applications.keyCount", { count: valid })}
      </span>
      <span className="inline-flex items-center gap-1 text-meta text-fg-2 max-md:row-start-1 max-md:justify-self-end">
        <Glyph state={state} />
        {word("appState", w)}
      </span>
      <span className="text-meta text-fg-3 md:hidden">
        <Time at={app.created_at} />
      </span>
    </li>
  );
}
