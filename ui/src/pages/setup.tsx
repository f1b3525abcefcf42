import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/error";
import { setupQuery, useSetup } from "@/api/session";
import { t } from "@/i18n";
import { Button, buttonClass } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { FormError, Skeleton } from "@/ui/states";
import { PasswordField } from "./password-field";
import { PublicFrame } from "./public-frame";

/** The one-time page that makes the owner. The link with its token is printed by the server. */
export default function Setup() {
  const { token } = useSearch({ from: "/setup" });
  const { data, isPending } = useQuery(setupQuery);
  if (isPending) return <Skeleton />;
  if (data && !data.needed) {
    return (
      <PublicFrame title={t("setup.done")} note={t("setup.doneText")}>
        <Link to="/sign-in" className={buttonClass("primary")}>
          {t("signIn.do")}
        </Link>
      </PublicFrame>
    );
  }
  if (!token)
    return (
      <PublicFrame title={t("setup.title")} note={t("setup.noToken")}>
        {null}
      </PublicFrame>
    );
  return <SetupForm token={token} />;
}

function SetupForm({ token }: { token: string }) {
  const setup = useSetup();
  const navigate = useNavigate();
  const [form, setForm] = useState({ workspace_name: "", name: "", email: "", password: "" });
  const error = setup.error instanceof ApiError ? setup.error : undefined;
  const put = (key: keyof typeof form) => (e: { target: { value: string } }) =>
    setForm((f) => ({ ...f, [key]: e.target.value }));
  const submit = (e: FormEvent) => {
    e.preventDefault();
    setup.mutate({ token, ...form }, { onSuccess: () => void navigate({ to: "/" }) });
  };
  return (
    <PublicFrame title={t("setup.title")} note={t("setup.note")}>
      <form onSubmit={submit} className="grid gap-4">
        <FormError error={setup.error} />
        <Field
          label={t("setup.workspace")}
          hint={t("setup.workspaceHint")}
          error={error?.field("workspace_name")}
        >
          {(w) => (
            <Input
              {...w}
              autoFocus
              required
              value={form.workspace_name}
              onChange={put("workspace_name")}
              autoComplete="organization"
            />
          )}
        </Field>
        <Field label={t("setup.name")} error={error?.field("name")}>
          {(w) => <Input {...w} required value={form.name} onChange={put("name")} autoComplete="name" />}
        </Field>
        <Field label={t("setup.email")} error={error?.field("email")}>
          {(w) => (
            <Input
              {...w}
              required
              type="email"
              value={form.email}
              onChange={put("email")}
              autoComplete="username"
            />
          )}
        </Field>
        <PasswordField
          label={t("setup.password")}
          error={error?.field("password")}
          value={form.password}
          onChange={(password) => setForm((f) => ({ ...f, password }))}
        />
        <Button type="submit" look="primary" className="!h-9" disabled={setup.isPending}>
          {t("setup.do")}
        </Button>
      </form>
    </PublicFrame>
  );
}
