import { useNavigate } from "@tanstack/react-router";
import { ChevronsUpDown, Plus } from "lucide-react";
import type { Launch } from "@/api/types";
import { t } from "@/i18n";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { Menu, MenuChoice, MenuGroup, MenuItem, MenuLine } from "@/ui/menu";
import { useMe, useNavLaunch } from "./launch";
import { Mark } from "./mark";

export function LaunchSwitcher({ wide }: { wide: boolean }) {
  const { launch, launches } = useNavLaunch();
  const me = useMe();
  const navigate = useNavigate();
  const name = launch?.name ?? t("nav.noLaunch");
  const trigger = (
    <button
      type="button"
      title={wide ? undefined : name}
      className={cx(
        "state flex flex-none items-center gap-[9px] rounded-2 text-left hover:bg-hover",
        wide ? "mb-1.5 h-10 w-full px-1.5" : "mb-1 size-9 justify-center pointer-coarse:size-10",
      )}
    >
      <Mark />
      {wide ? (
        <>
          <span className="min-w-0 flex-1">
            <span data-user="" className="block truncate leading-4 font-550">
              {name}
            </span>
            <span data-user="" className="block truncate text-meta text-fg-3">
              {me.workspace.name}
            </span>
          </span>
          <Icon of={ChevronsUpDown} className="text-fg-3" />
        </>
      ) : (
        <span data-user="" className="sr-only">
          {name}
        </span>
      )}
      <span className="sr-only">{t("nav.switchLaunch")}</span>
    </button>
  );
  return (
    <Menu trigger={trigger}>
      {launches.length ? (
        <>
          <MenuGroup label={me.workspace.name}>
            <MenuChoice
              value={launch?.id ?? ""}
              options={launches.map((l) => ({ value: l.id, label: <LaunchLabel launch={l} /> }))}
              onChange={(launchId) => void navigate({ to: "/launches/$launchId", params: { launchId } })}
            />
          </MenuGroup>
          <MenuLine />
        </>
      ) : null}
      <MenuItem icon={Plus} onClick={() => void navigate({ to: "/launches/new" })}>
        {t("launch.create")}
      </MenuItem>
    </Menu>
  );
}

/** Name and what waits there; an archived launch says so. */
function LaunchLabel({ launch }: { launch: Launch }) {
  return (
    <>
      <span data-user="" className="min-w-0 flex-1 truncate">
        {launch.name}
      </span>
      {launch.state === "archived" ? (
        <span className="text-meta text-fg-3">{t("launch.archivedTag")}</span>
      ) : launch.counts.to_triage ? (
        <span className="num text-meta text-fg-3">
          {t("nav.waiting", { count: launch.counts.to_triage })}
        </span>
      ) : null}
    </>
  );
}
