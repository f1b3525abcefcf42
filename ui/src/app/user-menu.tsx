import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CircleUser, Keyboard, LogOut, PanelLeft } from "lucide-react";
import { signOut } from "@/api/session";
import { t, word } from "@/i18n";
import { Avatar } from "@/ui/avatar";
import { cx } from "@/ui/cx";
import { Menu, MenuChoice, MenuGroup, MenuItem, MenuLine } from "@/ui/menu";
import { explain } from "@/ui/states";
import { useMe } from "./launch";
import { overlays } from "./overlay";
import { type Prefs, prefs } from "./prefs";
import { toasts } from "./toasts";
import { usePrefs } from "./use-prefs";

export function useSignOut() {
  const cache = useQueryClient();
  const navigate = useNavigate();
  return async () => {
    try {
      await signOut();
    } catch (e) {
      toasts.show(explain(e), { tone: "error" });
      return;
    }
    // What was looked at is nobody else's business.
    prefs.set({ recent: [], lastLaunch: "" });
    await navigate({ to: "/sign-in" }).catch(() => undefined);
    cache.clear();
    window.location.assign("/sign-in");
  };
}

export function UserMenu({ wide }: { wide: boolean }) {
  const me = useMe();
  const { theme, singleKeys } = usePrefs();
  const navigate = useNavigate();
  const leave = useSignOut();
  const name = me.name;
  const trigger = (
    <button
      type="button"
      className={cx(
        "state flex flex-none items-center gap-2 rounded-2 text-left hover:bg-hover",
        wide ? "min-h-10 w-full px-2 py-1" : "size-9 justify-center pointer-coarse:size-10",
      )}
    >
      <Avatar name={name} />
      {wide ? (
        <span className="min-w-0 text-[12px] leading-4">
          <span data-user="" className="block truncate font-550">
            {name}
          </span>
          <span className="block truncate text-fg-3">{word("role", me.role)}</span>
        </span>
      ) : (
        <span data-user="" className="sr-only">
          {name}
        </span>
      )}
      <span className="sr-only">{t("nav.you")}</span>
    </button>
  );
  return (
    <Menu trigger={trigger} side="right" align="end">
      <MenuGroup label={me.email ?? name}>
        <MenuItem icon={CircleUser} onClick={() => void navigate({ to: "/settings/profile" })}>
          {t("settings.profile")}
        </MenuItem>
        <MenuItem icon={Keyboard} keys={singleKeys ? "?" : undefined} onClick={() => overlays.show("keys")}>
          {t("keys.title")}
        </MenuItem>
        <MenuItem
          icon={PanelLeft}
          keys={singleKeys ? "[" : undefined}
          onClick={() => prefs.set({ wideNav: !wide })}
        >
          {t("action.nav")}
        </MenuItem>
      </MenuGroup>
      <MenuLine />
      <MenuGroup label={t("appearance.theme")}>
        <MenuChoice<Prefs["theme"]>
          value={theme}
          options={[
            { value: "system", label: t("appearance.system") },
            { value: "light", label: t("appearance.light") },
            { value: "dark", label: t("appearance.dark") },
          ]}
          onChange={(next) => prefs.set({ theme: next })}
        />
      </MenuGroup>
      <MenuLine />
      <MenuItem icon={LogOut} onClick={() => void leave()}>
        {t("nav.signOut")}
      </MenuItem>
    </Menu>
  );
}
