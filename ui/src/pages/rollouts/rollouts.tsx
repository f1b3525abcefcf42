import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { ActionButton } from "@/actions/action-button";
import { useActions } from "@/actions/use-actions";
import { useRowKeys } from "@/actions/use-row-keys";
import { gatewayStateQuery } from "@/api/gateway";
import { rolloutsQuery, underWay } from "@/api/rollouts";
import { shadowsQuery } from "@/api/shadows";
import type { Rollout } from "@/api/types";
import { useMe } from "@/app/launch";
import { Page } from "@/app/page";
import { t } from "@/i18n";
import { Bar } from "@/ui/bar";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Panel } from "@/ui/panel";
import { Empty, Failure, RowsSkeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { NoGateway } from "../gateway/first-api";
import { Mirrors } from "./mirrors";
import { RolloutDrawer } from "./rollout-drawer";
import { StartDialog } from "./start-dialog";
import { apiName, RolloutState, share } from "./state";

const route = getRouteApi("/app/gateway/rollouts");
const columns =
  "grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 px-3 md:grid-cols-[minmax(0,2fr)_110px_120px_minmax(0,4fr)_96px]";
const beside = "lg:!grid-cols-[minmax(0,2fr)_100px_110px]";

/** New versions on their way, and those that arrived or went back. */
export default function Rollouts() {
  const navigate = route.useNavigate();
  const { rollout } = route.useSearch();
  const mayChange = useMe().permissions.includes("manage_launch");
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery(rolloutsQuery);
  const { data: state } = useQuery(gatewayStateQuery);
  const shadows = useQuery(shadowsQuery).data;
  const [starting, setStarting] = useState(false);
  const all = data?.pages.flatMap((p) => p.items) ?? [];
  const open = all.find((r) => r.id === rollout);
  const show = (id: string | undefined) => void navigate({ search: { rollout: id }, replace: true });
  useRowKeys(all.length + (shadows?.length ?? 0));
  useActions([
    {
      id: "rollout.new",
      keys: ["n"],
      scope: "list",
      label: t("action.newRollout"),
      hint: t("hint.newRollout"),
      icon: Plus,
      when: () => mayChange,
      run: () => setStarting(true),
    },
  ]);
  return (
    <Page
      title={t("nav.rollouts")}
      note={t("rollouts.note")}
      actions={
        mayChange ? (
          <ActionButton action="rollout.new" look={data && all.length === 0 ? "primary" : "plain"}>
            {t("rollouts.new")}
          </ActionButton>
        ) : null
      }
      drawer={
        open ? (
          <RolloutDrawer key={open.id} rollout={open} mayChange={mayChange} onClose={() => show(undefined)} />
        ) : null
      }
    >
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {state?.url === "" ? <NoGateway /> : null}
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={4} height={40} />
        </Panel>
      ) : null}
      {data && all.length === 0 ? (
        <Empty
          title={t("rollouts.none")}
          action={mayChange ? <Button onClick={() => setStarting(true)}>{t("rollouts.new")}</Button> : null}
        >
          <p>{t("rollouts.noneText")}</p>
          {shadows?.length ? null : <p>{t("shadows.how")}</p>}
        </Empty>
      ) : null}
      {all.length ? (
        <Panel>
          <div
            aria-hidden="true"
            className={cx(columns, "h-7 text-axis text-fg-3 max-md:hidden", open && beside)}
          >
            <span>{t("rollouts.api")}</span>
            <span>{t("rollouts.share")}</span>
            <span>{t("rollouts.state")}</span>
            <span className={open ? "lg:hidden" : ""}>{t("rollouts.why")}</span>
            <span className={cx("text-right", open && "lg:hidden")}>{t("rollouts.started")}</span>
          </div>
          <ul aria-label={t("nav.rollouts")}>
            {all.map((r) => (
              <Row key={r.id} rollout={r} narrow={open !== undefined} current={r.id === open?.id} />
            ))}
          </ul>
        </Panel>
      ) : null}
      {hasNextPage ? (
        <Button className="self-center" onClick={() => void fetchNextPage()}>
          {t("common.more")}
        </Button>
      ) : null}
      <Mirrors mayChange={mayChange} />
      {starting ? <StartDialog onClose={() => setStarting(false)} onDone={(r) => show(r.id)} /> : null}
    </Page>
  );
}

function Row({ rollout: r, narrow, current }: { rollout: Rollout; narrow: boolean; current: boolean }) {
  const hide = narrow && "lg:hidden";
  return (
    <li
      className={cx(
        columns,
        "relative min-h-11 border-line border-t py-1 text-row hover:bg-hover",
        narrow && beside,
        current && "bg-selected hover:bg-selected",
      )}
    >
      <span className="grid min-w-0 gap-px">
        <Link
          to="/gateway/rollouts"
          search={{ rollout: r.id }}
          replace
          data-list-row=""
          data-user=""
          aria-current={current ? "true" : undefined}
          className="truncate font-550 after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
        >
          {apiName(r)}
        </Link>
        <span data-user="" className="truncate text-meta text-fg-3">
          {t("rollouts.way", { stable: r.stable ?? "", canary: r.canary })}
        </span>
      </span>
      <span className="flex items-center gap-2 max-md:col-start-2 max-md:row-start-2 max-md:justify-self-end">
        <Bar value={r.weight / 100} tone={underWay(r) ? "accent" : "idle"} />
        <span className="num text-meta text-fg-2">{share(r.weight)}</span>
      </span>
      <span className="max-md:col-start-2 max-md:row-start-1 max-md:justify-self-end">
        <RolloutState rollout={r} />
      </span>
      <span data-user="" className={cx("min-w-0 truncate text-meta text-fg-2 max-md:hidden", hide)}>
        {(underWay(r) && r.finding.reason) || r.reason}
      </span>
      <span className={cx("text-right text-meta text-fg-3 max-md:hidden", hide)}>
        <Time at={r.created_at} relative />
      </span>
    </li>
  );
}
