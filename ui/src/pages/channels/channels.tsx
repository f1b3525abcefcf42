import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { ActionButton } from "@/actions/action-button";
import { useActions } from "@/actions/use-actions";
import { useRowKeys } from "@/actions/use-row-keys";
import { channelKindsQuery, channelsQuery } from "@/api/channels";
import type { Channel } from "@/api/types";
import { useLaunch, useMe } from "@/app/launch";
import { Page } from "@/app/page";
import { t, word } from "@/i18n";
import { compact } from "@/i18n/format";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Glyph } from "@/ui/glyph";
import { Panel } from "@/ui/panel";
import { Empty, Failure, RowsSkeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { ChannelIcon } from "../feedback/channel-icon";
import { ChannelDialog } from "./channel-dialog";
import { ChannelDrawer } from "./channel-drawer";
import { stateGlyph } from "./states";

const route = getRouteApi("/app/launches/$launchId/channels");
const columns =
  "grid grid-cols-[18px_minmax(0,1fr)_auto] items-center gap-x-3 px-3 md:grid-cols-[18px_minmax(0,3fr)_minmax(0,2fr)_104px_84px_84px_120px]";
const narrowed = "lg:!grid-cols-[18px_minmax(0,1fr)_104px]";

/** "/" is no id: the dialog that makes a channel is open. */
const making = "/";

/** The ways in of a launch. */
export default function Channels() {
  const launch = useLaunch();
  const navigate = route.useNavigate();
  const { channel } = route.useSearch();
  const mayChange = useMe().permissions.includes("manage_launch");
  const { data, error, isPending, refetch } = useQuery(channelsQuery(launch.id));
  const open = data?.find((c) => c.id === channel);
  const show = (id: string | undefined) => void navigate({ search: { channel: id }, replace: true });
  useRowKeys(data?.length ?? 0);
  useActions([
    {
      id: "channel.new",
      keys: ["n"],
      scope: "list",
      label: t("action.newChannel"),
      icon: Plus,
      when: () => mayChange,
      run: () => show(making),
    },
  ]);
  return (
    <Page
      title={t("nav.channels")}
      note={t("channels.note")}
      actions={
        mayChange ? (
          <ActionButton action="channel.new" look={data?.length === 0 ? "primary" : "plain"}>
            {t("channels.new")}
          </ActionButton>
        ) : null
      }
      drawer={
        open ? (
          <ChannelDrawer
            key={open.id}
            row={open}
            mayChange={mayChange}
            launchId={launch.id}
            onClose={() => show(undefined)}
          />
        ) : null
      }
    >
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={5} height={40} />
        </Panel>
      ) : null}
      {data?.length === 0 ? (
        <Empty
          title={t("channels.none")}
          action={mayChange ? <Button onClick={() => show(making)}>{t("channels.new")}</Button> : null}
        >
          <p>{t("channels.noneText")}</p>
        </Empty>
      ) : null}
      {data?.length ? (
        <Panel>
          <div
            aria-hidden="true"
            className={cx(columns, "h-7 text-axis text-fg-3 max-md:hidden", open && narrowed)}
          >
            <span />
            <span>{t("channels.name")}</span>
            <span className={open ? "lg:hidden" : ""}>{t("channels.kind")}</span>
            <span>{t("channels.state")}</span>
            <span className={cx("text-right", open && "lg:hidden")}>{t("channels.received")}</span>
            <span className={cx("text-right", open && "lg:hidden")}>{t("channels.refused")}</span>
            <span className={cx("text-right", open && "lg:hidden")}>{t("channels.last")}</span>
          </div>
          <ul aria-label={t("nav.channels")}>
            {data.map((c) => (
              <Row
                key={c.id}
                channel={c}
                narrow={open !== undefined}
                current={c.id === open?.id}
                launchId={launch.id}
              />
            ))}
          </ul>
        </Panel>
      ) : null}
      {channel === making && mayChange ? (
        <ChannelDialog launchId={launch.id} onClose={() => show(undefined)} onDone={(c) => show(c.id)} />
      ) : null}
    </Page>
  );
}

function Row({
  channel: c,
  narrow,
  current,
  launchId,
}: {
  channel: Channel;
  narrow: boolean;
  current: boolean;
  launchId: string;
}) {
  const kinds = useQuery(channelKindsQuery).data;
  const hide = cx("max-md:hidden", narrow && "lg:hidden");
  return (
    <li
      className={cx(
        columns,
        "relative min-h-10 border-line border-t py-1 text-row hover:bg-hover",
        narrow && narrowed,
        current && "bg-selected hover:bg-selected",
      )}
    >
      <ChannelIcon channel={c.kind} size={15} />
      <span className="grid min-w-0">
        <Link
          to="/launches/$launchId/channels"
          params={{ launchId }}
          search={{ channel: c.id }}
          replace
          data-list-row=""
          data-user=""
          aria-current={current ? "true" : undefined}
          className={cx(
            "truncate font-550 after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus",
            !c.enabled && "text-fg-3",
          )}
        >
          {c.name}
        </Link>
        {c.state === "failing" ? (
          <span data-user="" className="truncate text-meta text-critical">
            {c.trouble || c.last_refusal}
          </span>
        ) : null}
      </span>
      <span data-user="" className={cx("truncate text-fg-2", hide)}>
        {kinds?.find((k) => k.name === c.kind)?.label ?? c.kind}
      </span>
      <span className="inline-flex items-center gap-1.5 text-meta text-fg-2">
        <Glyph state={stateGlyph[c.state]} />
        {word("channelState", c.state)}
      </span>
      <span className={cx("num text-right text-meta text-fg-2", hide)}>{compact(c.received)}</span>
      <span className={cx("num text-right text-meta", c.refused ? "text-fg-2" : "text-fg-3", hide)}>
        {compact(c.refused)}
      </span>
      <span className={cx("truncate text-right text-meta text-fg-3", hide)}>
        {c.last_at ? <Time at={c.last_at} relative /> : t("channels.never")}
      </span>
    </li>
  );
}
