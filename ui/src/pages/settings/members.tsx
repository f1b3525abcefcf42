import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { UserPlus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/error";
import type { User } from "@/api/types";
import { roles, usersQuery, workspaceApi } from "@/api/workspace";
import { useMe } from "@/app/launch";
import { toasts } from "@/app/toasts";
import { t, word } from "@/i18n";
import { Avatar } from "@/ui/avatar";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { explain, Failure, FormError, Skeleton } from "@/ui/states";
import { minPassword, strength } from "../password";

export default function Members() {
  const { data, error, isPending, refetch } = useQuery(usersQuery);
  const [adding, setAdding] = useState(false);
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (isPending) return <Skeleton />;
  return (
    <Panel
      title={t("settings.members")}
      note={t("members.note")}
      actions={
        <Button size="sm" icon={UserPlus} onClick={() => setAdding(true)}>
          {t("members.add")}
        </Button>
      }
    >
      <ul>
        {data.map((u) => (
          <MemberRow key={u.id} user={u} />
        ))}
      </ul>
      {adding ? <AddMember onClose={() => setAdding(false)} /> : null}
    </Panel>
  );
}

const roleOptions = roles.map((r) => ({ value: r, label: word("role", r) }));

function MemberRow({ user }: { user: User }) {
  const me = useMe();
  const cache = useQueryClient();
  const change = useMutation({
    mutationFn: (role: string) => workspaceApi.patchUser(user.id, { role: role as User["role"] }),
    onSuccess: () => toasts.show(t("toast.saved")),
    onError: (e) => toasts.show(explain(e), { tone: "error" }),
    onSettled: () => cache.invalidateQueries({ queryKey: usersQuery.queryKey }),
  });
  return (
    <li className="flex min-h-10 flex-wrap items-center gap-x-3 border-line border-t px-3 py-1">
      <Avatar name={user.name} />
      <span className="min-w-0 flex-1">
        <span className="block truncate font-550">{user.name}</span>
        <span className="block truncate text-meta text-fg-3">{user.email}</span>
      </span>
      {me.id === user.id ? <span className="text-meta text-fg-3">{t("members.you")}</span> : null}
      <Select
        aria-label={t("members.roleOf", { name: user.name })}
        className="!h-7 !w-32 !text-dense"
        value={change.isPending ? change.variables : user.role}
        onChange={(e) => change.mutate(e.target.value)}
        options={roleOptions}
      />
    </li>
  );
}

function AddMember({ onClose }: { onClose: () => void }) {
  const cache = useQueryClient();
  const [form, setForm] = useState({ name: "", email: "", password: "", role: "responder" });
  const add = useMutation({
    mutationFn: () => workspaceApi.createUser(form as Parameters<typeof workspaceApi.createUser>[0]),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: usersQuery.queryKey });
      onClose();
    },
  });
  const problem = add.error instanceof ApiError ? add.error : undefined;
  const put = (key: keyof typeof form) => (e: { target: { value: string } }) =>
    setForm((f) => ({ ...f, [key]: e.target.value }));
  const submit = (e: FormEvent) => {
    e.preventDefault();
    add.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("members.add")}
      note={t("members.addNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="add-member" look="primary" disabled={add.isPending}>
            {t("members.add")}
          </Button>
        </>
      }
    >
      <form id="add-member" onSubmit={submit} className="grid gap-4">
        <FormError error={add.error} />
        <Field label={t("setup.name")} error={problem?.field("name")}>
          {(w) => <Input {...w} autoFocus required value={form.name} onChange={put("name")} />}
        </Field>
        <Field label={t("setup.email")} error={problem?.field("email")}>
          {(w) => <Input {...w} required type="email" value={form.email} onChange={put("email")} />}
        </Field>
        <Field
          label={t("members.password")}
          hint={t(`password.${strength(form.password)}`, { count: minPassword })}
          error={problem?.field("password")}
        >
          {(w) => (
            <Input
              {...w}
              required
              type="password"
              minLength={minPassword}
              autoComplete="new-password"
              value={form.password}
              onChange={put("password")}
            />
          )}
        </Field>
        <Field label={t("members.role")} hint={word("roleNote", form.role)} error={problem?.field("role")}>
          {(w) => <Select {...w} value={form.role} onChange={put("role")} options={roleOptions} />}
        </Field>
      </form>
    </Dialog>
  );
}
