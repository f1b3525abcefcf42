import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/error";
import { meQuery } from "@/api/session";
import { workspaceApi } from "@/api/workspace";
import { useMe } from "@/app/launch";
import { toasts } from "@/app/toasts";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { Snippet } from "@/ui/snippet";
import { FormError } from "@/ui/states";

/** Name and id of the workspace. */
export default function Workspace() {
  const me = useMe();
  const may = me.permissions.includes("manage_members");
  const cache = useQueryClient();
  const [name, setName] = useState(me.workspace.name);
  const save = useMutation({
    mutationFn: () => workspaceApi.rename(name),
    onSuccess: (w) => {
      setName(w.name);
      toasts.show(t("toast.saved"));
      return cache.invalidateQueries({ queryKey: meQuery.queryKey });
    },
  });
  const problem = save.error instanceof ApiError ? save.error : undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <Panel>
      <form onSubmit={submit} className="grid gap-4 p-3 *:max-w-114">
        <FormError error={problem?.field("name") ? undefined : save.error} />
        <Field
          label={t("workspace.name")}
          hint={may ? t("workspace.nameNote") : t("workspace.nameFixed")}
          error={problem?.field("name") ? problem.detail : undefined}
        >
          {(w) => (
            <Input
              {...w}
              required
              maxLength={100}
              disabled={!may}
              autoComplete="organization"
              value={name}
              onChange={(e) => setName(e.target.value)}
            />
          )}
        </Field>
        <div className="grid gap-1">
          <p className="text-dense font-medium">{t("workspace.id")}</p>
          <Snippet label={t("workspace.id")} text={me.workspace.id} />
          <p className="text-meta text-fg-3">{t("workspace.idNote")}</p>
        </div>
        {may ? (
          <span>
            <Button
              type="submit"
              disabled={save.isPending || name.trim() === "" || name === me.workspace.name}
            >
              {t("common.save")}
            </Button>
          </span>
        ) : null}
      </form>
    </Panel>
  );
}
