import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/error";
import { meQuery } from "@/api/session";
import { usersQuery, workspaceApi } from "@/api/workspace";
import { useMe } from "@/app/launch";
import { type Prefs, prefs } from "@/app/prefs";
import { toasts } from "@/app/toasts";
import { usePrefs } from "@/app/use-prefs";
import { languages, t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { FormError } from "@/ui/states";
import { PasswordField } from "../password-field";
import { Choice } from "./choice";

/** Who I am, how I sign in, and in which language and zone I read. */
export default function Profile() {
  return (
    <>
      <Name />
      <Password />
      <Reading />
    </>
  );
}

function Name() {
  const me = useMe();
  const cache = useQueryClient();
  const [name, setName] = useState(me.name);
  const save = useMutation({
    mutationFn: () => workspaceApi.patchUser(me.id, { name }),
    onSuccess: () => {
      toasts.show(t("toast.saved"));
      void cache.invalidateQueries({ queryKey: meQuery.queryKey });
      void cache.invalidateQueries({ queryKey: usersQuery.queryKey });
    },
  });
  const problem = save.error instanceof ApiError ? save.error : undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <Panel title={t("profile.account")}>
      <form onSubmit={submit} className="grid gap-4 border-line border-t p-3 *:max-w-114">
        <FormError error={problem?.field("name") ? undefined : save.error} />
        <Field label={t("setup.name")} error={problem?.field("name")}>
          {(w) => (
            <Input
              {...w}
              required
              maxLength={100}
              autoComplete="name"
              value={name}
              onChange={(e) => setName(e.target.value)}
            />
          )}
        </Field>
        <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-dense">
          <dt className="text-fg-3">{t("setup.email")}</dt>
          <dd data-user="" className="truncate">
            {me.email}
          </dd>
          <dt className="text-fg-3">{t("members.role")}</dt>
          <dd>
            {word("role", me.role)}. {word("roleNote", me.role)}
          </dd>
        </dl>
        <span>
          <Button type="submit" disabled={save.isPending || name.trim() === "" || name === me.name}>
            {t("common.save")}
          </Button>
        </span>
      </form>
    </Panel>
  );
}

function Password() {
  const me = useMe();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const save = useMutation({
    mutationFn: () => workspaceApi.patchUser(me.id, { password: next, current_password: current }),
    onSuccess: () => {
      setCurrent("");
      setNext("");
      toasts.show(t("profile.passwordChanged"));
    },
  });
  const problem = save.error instanceof ApiError ? save.error : undefined;
  const atField = problem?.field("password") || problem?.field("current_password");
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <Panel title={t("profile.password")}>
      <form onSubmit={submit} className="grid gap-4 border-line border-t p-3 *:max-w-114">
        <p className="text-fg-2">{t("profile.passwordNote")}</p>
        <FormError error={atField ? undefined : save.error} />
        {/* Password managers want to know whose password this is. */}
        <input type="hidden" name="username" autoComplete="username" value={me.email ?? ""} />
        <Field
          label={t("profile.currentPassword")}
          error={problem?.field("current_password") ? problem.detail : undefined}
        >
          {(w) => (
            <Input
              {...w}
              required
              type="password"
              autoComplete="current-password"
              value={current}
              onChange={(e) => setCurrent(e.target.value)}
            />
          )}
        </Field>
        <PasswordField
          label={t("profile.newPassword")}
          error={problem?.field("password") ? problem.detail : undefined}
          value={next}
          onChange={setNext}
        />
        <span>
          <Button type="submit" disabled={save.isPending || !current || !next}>
            {t("profile.changePassword")}
          </Button>
        </span>
      </form>
    </Panel>
  );
}

const own: Record<(typeof languages)[number], string> = { en: "English", de: "Deutsch" };

function Reading() {
  const p = usePrefs();
  return (
    <Panel title={t("profile.reading")} note={t("appearance.note")}>
      <div className="grid gap-4 border-line border-t p-3">
        <Choice<Prefs["language"]>
          name="language"
          label={t("profile.language")}
          hint={t("profile.languageNote")}
          value={p.language}
          options={[
            { value: "system", label: t("profile.languageSystem") },
            ...languages.map((l) => ({ value: l, label: own[l], lang: l })),
          ]}
          onChange={(language) => {
            prefs.set({ language });
            // Words are read once, before the first page is drawn.
            window.location.reload();
          }}
        />
        <Choice<Prefs["times"]>
          name="times"
          label={t("profile.times")}
          hint={t("profile.timesNote")}
          value={p.times}
          options={[
            { value: "launch", label: t("profile.timesLaunch") },
            { value: "own", label: t("profile.timesOwn") },
          ]}
          onChange={(times) => prefs.set({ times })}
        />
      </div>
    </Panel>
  );
}
