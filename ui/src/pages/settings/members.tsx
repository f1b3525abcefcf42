import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ellipsis, KeyRound, UserCheck, UserPlus, UserX } from "lucide-react";
import { useState } from "react";
import type { User, UserPatch } from "@/api/types";
import { roles, usersQuery, workspaceApi } from "@/api/workspace";
import { useMe } from "@/app/launch";
import { toasts } from "@/app/toasts";
import { t, word } from "@/i18n";
import { Avatar } from "@/ui/avatar";
import { Button, IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Select } from "@/ui/field";
import { Menu, MenuItem } from "@/ui/menu";
import { Panel } from "@/ui/panel";
import { explain, Failure, RowsSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { AddMember, ResetPassword } from "./member-dialogs";
import { Roles } from "./roles";

/** Who works here, with which role, and what the roles may do. */
export default function Members() {
  const may = useMe().permissions.includes("manage_members");
  const { data, error, isPending, refetch } = useQuery(usersQuery);
  const [adding, setAdding] = useState(false);
  const [resetting, setResetting] = useState<User>();
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  return (
    <>
      <Panel
        title={t("members.title")}
        note={data ? t("members.count", { count: data.filter((u) => !u.disabled_at).length }) : null}
        actions={
          may ? (
            <Button size="sm" icon={UserPlus} onClick={() => setAdding(true)}>
              {t("members.add")}
            </Button>
          ) : null
        }
      >
        {isPending ? <RowsSkeleton rows={4} height={40} /> : null}
        <ul>
          {data?.map((u) => (
            <MemberRow key={u.id} user={u} may={may} onReset={() => setResetting(u)} />
          ))}
        </ul>
      </Panel>
      <Roles />
      {adding ? <AddMember onClose={() => setAdding(false)} /> : null}
      {resetting ? <ResetPassword user={resetting} onClose={() => setResetting(undefined)} /> : null}
    </>
  );
}

export const roleOptions = roles.map((r) => ({ value: r, label: word("role", r) }));

/** Changes a person; what can be put back offers it. */
function useChangeMember(user: User) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (x: { change: UserPatch; text: string; back?: UserPatch }) =>
      workspaceApi.patchUser(user.id, x.change),
    onSuccess: (_, { text, back }) => {
      const undo = async () => {
        try {
          await workspaceApi.patchUser(user.id, back ?? {});
          toasts.show(t("toast.undone"));
        } catch (e) {
          toasts.show(explain(e), { tone: "error" });
        }
        void cache.invalidateQueries({ queryKey: usersQuery.queryKey });
      };
      toasts.show(text, back ? { undo } : {});
    },
    onError: (e) => toasts.show(explain(e), { tone: "error" }),
    onSettled: () => cache.invalidateQueries({ queryKey: usersQuery.queryKey }),
  });
}

function MemberRow({ user, may, onReset }: { user: User; may: boolean; onReset: () => void }) {
  const me = useMe();
  const change = useChangeMember(user);
  const off = Boolean(user.disabled_at);
  const self = me.id === user.id;
  const setRole = (role: string) =>
    change.mutate({
      change: { role: role as User["role"] },
      text: t("members.roleChanged", { name: user.name, role: word("role", role) }),
      back: { role: user.role },
    });
  const setOff = (disabled: boolean) =>
    change.mutate({
      change: { disabled },
      text: t(disabled ? "members.disabled" : "members.enabled", { name: user.name }),
      back: { disabled: !disabled },
    });
  return (
    <li className="flex min-h-11 flex-wrap items-center gap-x-3 border-line border-t px-3 py-1">
      <Avatar name={user.name} />
      <span data-user="" className={cx("min-w-0 flex-1", off && "text-fg-3")}>
        <span className="block truncate font-550">{user.name}</span>
        <span className="block truncate text-meta text-fg-3">{user.email}</span>
      </span>
      {self ? <Tag>{t("members.you")}</Tag> : null}
      {off ? <Tag tone="watch">{t("members.off")}</Tag> : null}
      {may ? (
        <Select
          aria-label={t("members.roleOf", { name: user.name })}
          className="!h-7 !w-32 !text-dense pointer-coarse:!h-10"
          value={change.isPending ? (change.variables.change.role ?? user.role) : user.role}
          onChange={(e) => setRole(e.target.value)}
          options={roleOptions}
        />
      ) : (
        <span className="text-dense text-fg-2">{word("role", user.role)}</span>
      )}
      {may && !self ? (
        <Menu
          align="end"
          trigger={<IconButton label={t("members.more", { name: user.name })} icon={Ellipsis} />}
        >
          <MenuItem icon={KeyRound} onClick={onReset}>
            {t("members.reset")}
          </MenuItem>
          {off ? (
            <MenuItem icon={UserCheck} onClick={() => setOff(false)}>
              {t("members.enable")}
            </MenuItem>
          ) : (
            <MenuItem icon={UserX} danger onClick={() => setOff(true)}>
              {t("members.disable")}
            </MenuItem>
          )}
        </Menu>
      ) : null}
    </li>
  );
}
