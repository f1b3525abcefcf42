import { useNavigate } from "@tanstack/react-router";
import {
  Command,
  Contrast,
  Keyboard,
  Link2,
  LogOut,
  NotebookPen,
  PanelLeft,
  Plus,
  Search,
  Undo2,
  Upload,
} from "lucide-react";
import { copyLink } from "@/actions/copy-link";
import type { Action } from "@/actions/registry";
import { useActions } from "@/actions/use-actions";
import { t } from "@/i18n";
import { useMe, useNavLaunch } from "./launch";
import { overlays } from "./overlay";
import { ofWorkspace, places, settingsFor } from "./places";
import { prefs } from "./prefs";
import { toasts } from "./toasts";
import { useSignOut } from "./user-menu";

/** To the search of the page; a page without one is searched with everything else. */
function focusSearch() {
  const field = document.querySelector<HTMLInputElement>("#main input[type=search]");
  const opens = document.querySelector<HTMLElement>("[data-search-open]");
  if (field) {
    field.focus();
    field.select();
  } else if (opens) opens.click();
  else overlays.show("palette");
}

/** What can be done from everywhere. */
export function useGlobalActions(wideNav: boolean): void {
  const navigate = useNavigate();
  const leave = useSignOut();
  const { launch } = useNavLaunch();
  const params = { launchId: launch?.id ?? "" };
  const hasLaunch = () => launch !== undefined;
  const go = places.map(
    (p): Action => ({
      id: `go.${p.id}`,
      keys: [p.keys],
      scope: "global",
      label: t("action.go", { place: t(p.label) }),
      icon: p.icon,
      when: () => hasLaunch() || ofWorkspace(p),
      run: () => void navigate({ to: p.to, params }),
    }),
  );
  const me = useMe();
  const settings = settingsFor(me.permissions).map(
    ({ id, icon }): Action => ({
      id: `go.settings.${id}`,
      scope: "global",
      label: t("action.goSettings", { page: t(`settings.${id}`) }),
      icon,
      run: () => void navigate({ to: `/settings/${id}` }),
    }),
  );
  const theme = (["system", "light", "dark"] as const).map(
    (value): Action => ({
      id: `theme.${value}`,
      scope: "global",
      label: t("action.theme", { theme: t(`appearance.${value}`) }),
      icon: Contrast,
      run: () => prefs.set({ theme: value }),
    }),
  );
  useActions([
    {
      id: "palette",
      keys: ["mod+k"],
      scope: "global",
      label: t("action.palette"),
      hint: t("hint.palette"),
      icon: Command,
      keysOnly: true,
      run: () => overlays.show("palette"),
    },
    {
      id: "keys",
      keys: ["?"],
      scope: "global",
      label: t("action.keys"),
      hint: t("hint.keys"),
      icon: Keyboard,
      run: () => overlays.show("keys"),
    },
    {
      id: "search",
      keys: ["/"],
      scope: "global",
      label: t("action.search"),
      icon: Search,
      keysOnly: true,
      run: focusSearch,
    },
    {
      id: "undo",
      keys: ["z"],
      scope: "global",
      label: t("action.undo"),
      icon: Undo2,
      when: () => toasts.list().some((x) => x.undo),
      run: () => void toasts.undoLatest(),
    },
    {
      id: "copy-link",
      keys: ["c l"],
      scope: "global",
      label: t("action.copyLink"),
      icon: Link2,
      run: () => void copyLink(window.location.href),
    },
    {
      id: "nav.toggle",
      keys: ["[", "]"],
      scope: "global",
      label: t("action.nav"),
      icon: PanelLeft,
      run: () => prefs.set({ wideNav: !wideNav }),
    },
    {
      id: "import",
      scope: "global",
      label: t("action.import"),
      icon: Upload,
      when: hasLaunch,
      run: () => void navigate({ to: "/launches/$launchId/imports", params }),
    },
    {
      id: "send",
      scope: "global",
      label: t("action.send"),
      icon: Upload,
      when: hasLaunch,
      run: () => void navigate({ to: "/launches/$launchId/send", params }),
    },
    {
      id: "seen",
      keys: ["o"],
      scope: "global",
      label: t("action.seen"),
      icon: NotebookPen,
      when: () => hasLaunch() && me.permissions.includes("send_feedback"),
      run: () => overlays.show("note"),
    },
    {
      id: "launch.new",
      scope: "global",
      label: t("launch.create"),
      icon: Plus,
      run: () => void navigate({ to: "/launches/new" }),
    },
    ...go,
    ...settings,
    ...theme,
    { id: "sign-out", scope: "global", label: t("nav.signOut"), icon: LogOut, run: () => void leave() },
  ]);
}
