import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { type FormEvent, useState } from "react";
import type { Token } from "@/api/types";
import { tokenRoles, tokensQuery, workspaceApi } from "@/api/workspace";
import { toasts } from "@/app/toasts";
import { Trans, t, word } from "@/i18n";
import { number } from "@/i18n/format";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { Snippet } from "@/ui/snippet";
import { Empty, explain, Failure, FormError, RowsSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { Time } from "@/ui/time";

export default function Tokens() {
  const { data, error, isPending, refetch } = useQuery(tokensQuery);
  const [making, setMaking] = useState(false);
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  return (
    <Panel
      title={t("tokens.title")}
      note={data ? number(data.filter((x) => !x.revoked_at).length) : null}
      actions={
        <Button size="sm" icon={KeyRound} onClick={() => setMaking(true)}>
          {t("tokens.new")}
        </Button>
      }
    >
      {isPending ? <RowsSkeleton rows={3} height={40} /> : null}
      {data?.length === 0 ? (
        <Empty
          title={t("tokens.none")}
          action={<Button onClick={() => setMaking(true)}>{t("tokens.new")}</Button>}
        >
          <p>{t("tokens.noneText")}</p>
        </Empty>
      ) : null}
      <ul>
        {data?.map((token) => (
          <TokenRow key={token.id} token={token} />
        ))}
      </ul>
      {making ? <NewToken onClose={() => setMaking(false)} /> : null}
    </Panel>
  );
}

function TokenRow({ token }: { token: Token }) {
  const cache = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => workspaceApi.revokeToken(token.id),
    onSuccess: () => toasts.show(t("toast.revoked", { name: token.name })),
    onError: (e) => toasts.show(explain(e), { tone: "error" }),
    onSettled: () => cache.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  });
  return (
    <li className="flex min-h-10 flex-wrap items-center gap-x-3 border-line border-t px-3 py-1">
      <span data-user="" className="min-w-0 flex-1">
        <span className="block truncate font-550">{token.name}</span>
        <span className="id block truncate text-fg-3">{token.prefix}…</span>
      </span>
      <Tag tone={token.revoked_at ? "critical" : "plain"}>
        {token.revoked_at ? t("tokens.revoked") : word("role", token.role)}
      </Tag>
      <span className="w-36 text-meta text-fg-3 max-sm:hidden">
        {token.last_used_at ? (
          <Trans k="tokens.used" values={{ time: <Time at={token.last_used_at} relative /> }} />
        ) : (
          t("tokens.neverUsed")
        )}
      </span>
      {token.revoked_at ? null : (
        <Button
          size="sm"
          look="danger"
          disabled={revoke.isPending}
          onClick={() => revoke.mutate()}
          aria-label={t("tokens.revokeName", { name: token.name })}
        >
          {t("tokens.revoke")}
        </Button>
      )}
    </li>
  );
}

function NewToken({ onClose }: { onClose: () => void }) {
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState<string>("intake");
  const make = useMutation({
    mutationFn: () =>
      workspaceApi.createToken({
        name,
        role: role as Parameters<typeof workspaceApi.createToken>[0]["role"],
      }),
    onSuccess: () => cache.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    make.mutate();
  };
  if (make.data) {
    return (
      <Dialog
        open
        onClose={onClose}
        title={t("tokens.made")}
        note={t("tokens.once")}
        footer={<Button onClick={onClose}>{t("common.done")}</Button>}
      >
        <Snippet label={t("tokens.secret")} text={make.data.secret ?? ""} wrap />
      </Dialog>
    );
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("tokens.new")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" form="new-token" look="primary" disabled={make.isPending}>
            {t("tokens.new")}
          </Button>
        </>
      }
    >
      <form id="new-token" onSubmit={submit} className="grid gap-4">
        <FormError error={make.error} />
        <Field label={t("tokens.name")} hint={t("tokens.nameHint")}>
          {(w) => <Input {...w} autoFocus required value={name} onChange={(e) => setName(e.target.value)} />}
        </Field>
        <Field label={t("members.role")} hint={word("roleNote", role)}>
          {(w) => (
            <Select
              {...w}
              value={role}
              onChange={(e) => setRole(e.target.value)}
              options={tokenRoles.map((r) => ({ value: r, label: word("role", r) }))}
            />
          )}
        </Field>
      </form>
    </Dialog>
  );
}
