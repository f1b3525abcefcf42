import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/error";
import type { User } from "@/api/types";
import { roles, usersQuery, workspaceApi } from "@/api/workspace";
import { toasts } from "@/app/toasts";
import { t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { FormError } from "@/ui/states";
import { PasswordField } from "../password-field";

/** Adds a person with a first password. */
export function AddMember({ onClose }: { onClose: () => void }) {
  const cache = useQueryClient();
  const [form, setForm] = useState({ name: "", email: "", password: "", role: "responder" });
  const add = useMutation({
    mutationFn: () => workspaceApi.createUser(form as Parameters<typeof workspaceApi.createUser>[0]),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: usersQuery.queryKey });
      onClose();
      toasts.show(t("members.added", { name: form.name }));
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
        <Field label={t("members.name")} error={problem?.field("name")}>
          {(w) => <Input {...w} autoFocus required value={form.name} onChange={put("name")} />}
        </Field>
        <Field label={t("setup.email")} error={problem?.field("email")}>
          {(w) => <Input {...w} required type="email" value={form.email} onChange={put("email")} />}
        </Field>
        <PasswordField
          label={t("members.password")}
          error={problem?.field("password")}
          value={form.password}
          onChange={(password) => setForm((f) => ({ ...f, password }))}
        />
        <Field label={t("members.role")} hint={word("roleNote", form.role)} error={problem?.field("role")}>
          {(w) => (
            <Select
              {...w}
              value={form.role}
              onChange={put("role")}
              options={roles.map((r) => ({ value: r, label: word("role", r) }))}
            />
          )}
        </Field>
      </form>
    </Dialog>
  );
}

/** A new password for somebody who forgot theirs; it ends all their sessions. */
export function ResetPassword({ user, onClose }: { user: User; onClose: () => void }) {
  const [password, setPassword] = useState("");
  const reset = useMutation({
    mutationFn: () => workspaceApi.patchUser(user.id, { password }),
    onSuccess: () => {
      onClose();
      toasts.show(t("members.resetDone", { name: user.name }));
    },
  });
  const problem = reset.error instanceof ApiError ? reset.error : undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    reset.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("members.resetOf", { name: user.name })}
      note={t("members.resetNote")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="reset-password" look="primary" disabled={reset.isPending || !password}>
            {t("members.reset")}
          </Button>
        </>
      }
    >
      <form id="reset-password" onSubmit={submit} className="grid gap-4">
        <FormError error={problem?.field("password") ? undefined : reset.error} />
        <PasswordField
          label={t("profile.newPassword")}
          error={problem?.field("password") ? problem.detail : undefined}
          value={password}
          onChange={setPassword}
        />
      </form>
    </Dialog>
  );
}
