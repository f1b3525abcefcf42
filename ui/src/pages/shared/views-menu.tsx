import { useQuery } from "@tanstack/react-query";
import {
  Bookmark,
  BookmarkPlus,
  Check,
  Link2,
  Pencil,
  RefreshCw,
  RotateCcw,
  Trash2,
  Users,
} from "lucide-react";
import { type KeyboardEvent, useEffect, useState } from "react";
import type { Action } from "@/actions/registry";
import { useActions } from "@/actions/use-actions";
import type { View } from "@/api/types";
import { viewsQuery } from "@/api/views";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { buttonClass } from "@/ui/button";
import { cx } from "@/ui/cx";
import { failedPart } from "@/ui/failed-part";
import { Icon } from "@/ui/icon";
import { Menu, MenuGroup, MenuItem, MenuLine } from "@/ui/menu";
import { part } from "@/ui/part";
import { explain } from "@/ui/states";
import { useViewVerbs } from "./view-verbs";
import { linkOf, present, queryOf, remember, type Search, searchOf, type ViewPage } from "./views";

const dialogPart = part(() => import("./view-dialog"));

interface Props {
  launchId: string;
  page: ViewPage;
  /** What the page shows now: its part of the URL. */
  search: Search;
  /** Asked to show another list: put it into the URL. */
  onOpen: (search: Search) => void;
  /** A drawing only until a view is open: for heads with little room. */
  quiet?: boolean;
}

/** The lists that people named: the button says which one this is, the menu opens, saves and changes them. */
export function ViewsMenu({ launchId, page, search, onOpen, quiet = false }: Props) {
  const { data } = useQuery(viewsQuery(launchId));
  const verbs = useViewVerbs(launchId);
  const [open, setOpen] = useState(false);
  const [dialog, setDialog] = useState<"save" | View>();
  const code = dialogPart.use(dialog !== undefined, (why) => {
    setDialog(undefined);
    failedPart(why);
  });
  const views = (data ?? []).filter((v) => v.page === page);
  const { exact, base } = present(launchId, page, views, search);
  const now = exact ?? base;
  const nowId = now?.id;
  const known = data !== undefined;
  useEffect(() => {
    if (known) remember(launchId, page, nowId);
  }, [known, nowId, launchId, page]);

  const show = (v: View) => {
    remember(launchId, page, v.id);
    onOpen(searchOf(v));
  };
  const update = (v: View) =>
    void verbs.change(v, { query: queryOf(search) }).catch((e) => toasts.show(explain(e), { tone: "error" }));
  const copy = (v: View) => {
    void navigator.clipboard.writeText(linkOf(v));
    toasts.show(t("toast.linkCopied"));
  };
  useActions([
    {
      id: "views.menu",
      keys: ["v"],
      scope: "list",
      label: t("views.menu"),
      icon: Bookmark,
      run: () => setOpen(true),
    },
    {
      id: "views.save",
      keys: ["shift+v"],
      scope: "list",
      label: t("views.save"),
      icon: BookmarkPlus,
      run: () => setDialog("save"),
    },
    ...views.map(
      (v): Action => ({
        id: `views.open.${v.id}`,
        scope: "list",
        label: t("views.open", { name: v.name }),
        icon: Bookmark,
        run: () => show(v),
      }),
    ),
  ]);

  const byNumber = (e: KeyboardEvent) => {
    const view = /^[1-9]$/.test(e.key) ? views[Number(e.key) - 1] : undefined;
    if (!view || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    e.stopPropagation();
    setOpen(false);
    show(view);
  };
  const groups = [
    { label: t("views.shared"), views: views.filter((v) => v.shared) },
    { label: t("views.mine"), views: views.filter((v) => !v.shared) },
  ];
  const name = now ? (exact ? now.name : t("views.edited", { name: now.name })) : t("views.title");
  return (
    <>
      <Menu
        open={open}
        onOpenChange={setOpen}
        onKeyDown={byNumber}
        align="end"
        trigger={
          <button
            type="button"
            title={now ? t("views.now", { name }) : t("views.menu")}
            className={buttonClass(
              quiet ? "ghost" : "plain",
              "md",
              cx(
                "!shrink min-w-7 max-w-44 overflow-hidden",
                quiet && "!px-1.5 pointer-coarse:min-w-10",
                now && "!text-accent-text",
                now && !quiet && "!border-accent",
              ),
            )}
          >
            <Icon of={Bookmark} size={quiet ? 15 : 14} className="flex-none" />
            <span className={cx("truncate", quiet && !now && "sr-only")}>{name}</span>
          </button>
        }
      >
        {views.length === 0 ? <p className="px-2 py-1.5 text-meta text-fg-3">{t("views.none")}</p> : null}
        {groups.map((g) =>
          g.views.length ? (
            <MenuGroup key={g.label} label={g.label}>
              {g.views.map((v) => (
                <ViewItem
                  key={v.id}
                  view={v}
                  at={views.indexOf(v)}
                  current={v === now}
                  onOpen={() => show(v)}
                />
              ))}
            </MenuGroup>
          ) : null,
        )}
        <MenuLine />
        {base ? (
          <>
            {base.editable ? (
              <MenuItem icon={RefreshCw} onClick={() => update(base)}>
                {t("views.update", { name: base.name })}
              </MenuItem>
            ) : null}
            <MenuItem icon={RotateCcw} onClick={() => show(base)}>
              {t("views.back", { name: base.name })}
            </MenuItem>
          </>
        ) : null}
        {exact ? null : (
          <MenuItem icon={BookmarkPlus} keys="shift+v" onClick={() => setDialog("save")}>
            {t("views.save")}
          </MenuItem>
        )}
        {now ? (
          <>
            <MenuItem icon={Link2} onClick={() => copy(now)}>
              {t("views.copy")}
            </MenuItem>
            {now.editable ? (
              <>
                <MenuItem icon={Pencil} onClick={() => setDialog(now)}>
                  {t("views.edit")}
                </MenuItem>
                <MenuItem icon={Trash2} danger onClick={() => void verbs.remove(now)}>
                  {t("views.remove")}
                </MenuItem>
              </>
            ) : null}
          </>
        ) : null}
      </Menu>
      {!code ? null : dialog === "save" ? (
        <code.ViewDialog
          onClose={() => setDialog(undefined)}
          onSave={async (form) => {
            const view = await verbs.create({
              page,
              query: queryOf(search),
              name: form.name,
              shared: form.shared,
            });
            remember(launchId, page, view.id);
          }}
        />
      ) : dialog ? (
        <code.ViewDialog
          view={dialog}
          places={groups.find((g) => g.views.includes(dialog))?.views.length}
          onClose={() => setDialog(undefined)}
          onSave={(form) => verbs.change(dialog, form)}
        />
      ) : null}
    </>
  );
}

function ViewItem({
  view,
  at,
  current,
  onOpen,
}: {
  view: View;
  at: number;
  current: boolean;
  onOpen: () => void;
}) {
  return (
    <MenuItem
      icon={current ? Check : view.shared ? Users : Bookmark}
      keys={at < 9 ? String(at + 1) : undefined}
      current={current}
      onClick={onOpen}
    >
      {view.name}
      {view.shared && !view.mine && view.owner.name ? (
        <span className="ml-1.5 text-fg-3">{t("views.by", { name: view.owner.name })}</span>
      ) : null}
    </MenuItem>
  );
}
