import { Ellipsis } from "lucide-react";
import { Fragment } from "react";
import { usePrefs } from "@/app/use-prefs";
import { t } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Menu, MenuItem, MenuLine } from "@/ui/menu";
import { type Action, registry, type Scope } from "./registry";
import { useRegistered } from "./use-actions";

/** What a menu of some scopes offers: everything that can be done now, but moving a cursor; by scope. */
export function menuActions(actions: Action[], scopes: Scope[], also: string[] = []): Action[][] {
  const offered = actions.filter((a) => !a.keysOnly);
  return [
    ...scopes.map((s) => offered.filter((a) => a.scope === s && !also.includes(a.id))),
    offered.filter((a) => also.includes(a.id)),
  ].filter((group) => group.length > 0);
}

/** Items of a menu out of the registry. */
export function ActionItems({ scopes, also }: { scopes: Scope[]; also?: string[] }) {
  useRegistered();
  const { singleKeys } = usePrefs();
  return menuActions(registry.available(), scopes, also).map((group, i) => (
    <Fragment key={group[0]?.id}>
      {i > 0 ? <MenuLine /> : null}
      {group.map((a) => (
        <MenuItem
          key={a.id}
          icon={a.icon}
          keys={registry.keyOf(a, singleKeys)}
          onClick={() => runLater(a.id)}
        >
          {a.label}
        </MenuItem>
      ))}
    </Fragment>
  ));
}

/** Runs an action once the menu has given the focus back, so that the action may move it. */
function runLater(id: string) {
  requestAnimationFrame(() => requestAnimationFrame(() => registry.find(id)?.run()));
}

/** The menu behind the three dots: every action of the scope, so that none needs a key. */
export function ActionMenu({ scope, also, label }: { scope: Scope; also?: string[]; label?: string }) {
  return (
    <Menu align="end" trigger={<IconButton label={label ?? t("common.actions")} icon={Ellipsis} />}>
      <ActionItems scopes={[scope]} also={also} />
    </Menu>
  );
}
