import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { launchesQuery } from "@/api/launches";
import { type Action, type Kinds, kinds, privacyApi, privacyQuery, storageActions } from "@/api/privacy";
import type { Privacy } from "@/api/types";
import { roles } from "@/api/workspace";
import { useMe } from "@/app/launch";
import { toasts } from "@/app/toasts";
import { Trans, t, word } from "@/i18n";
import { Button } from "@/ui/button";
import { Checkbox, Field, Input, Select } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { Failure, FormError, RowsSkeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { TryPrivacy } from "./try-privacy";

/** What happens to personal data and secrets, in the workspace or in one launch; who may see originals. */
export default function PrivacyPage() {
  const [launch, setLaunch] = useState("");
  const all = useQuery(privacyQuery());
  const here = useQuery(privacyQuery(launch));
  const launches = useQuery(launchesQuery);
  const error = all.error ?? here.error;
  if (error) return <Failure error={error} onRetry={() => void here.refetch()} />;
  if (!all.data || !here.data) return <RowsSkeleton rows={9} height={40} />;
  return (
    <>
      <div className="max-w-80">
        <Field label={t("privacy.scope")}>
          {(w) => (
            <Select
              {...w}
              value={launch}
              onChange={(e) => setLaunch(e.target.value)}
              options={[
                { value: "", label: t("privacy.scopeAll") },
                ...(launches.data ?? []).map((l) => ({ value: l.id, label: l.name })),
              ]}
            />
          )}
        </Field>
      </div>
      <Rules key={launch + (here.data.updated_at ?? "")} launch={launch} all={all.data} here={here.data} />
    </>
  );
}

const same = (a: Kinds[string] | undefined, b: Kinds[string] | undefined) =>
  a?.storage === b?.storage && a?.exports === b?.exports && a?.models === b?.models;

/** The kinds for which a launch has another rule than the workspace. */
const differing = (of: Kinds, from: Kinds): Kinds =>
  Object.fromEntries(Object.entries(of).filter(([k, r]) => !same(r, from[k])));

function Rules({ launch, all, here }: { launch: string; all: Privacy; here: Privacy }) {
  const may = useMe().permissions.includes("manage_members");
  const cache = useQueryClient();
  const [rules, setRules] = useState<Kinds>(here.kinds);
  const [seers, setSeers] = useState<string[]>(here.reveal_roles);
  const [days, setDays] = useState(String(here.retention_days));
  const save = useMutation({
    mutationFn: (back: boolean) =>
      launch
        ? privacyApi.setLaunch(launch, back ? {} : differing(rules, all.kinds))
        : privacyApi.set({ kinds: rules, reveal_roles: seers, retention_days: Number(days) }),
    onSuccess: () => {
      toasts.show(t("toast.saved"));
      return cache.invalidateQueries({ queryKey: ["privacy"] });
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate(false);
  };
  const own = launch !== "" && Object.keys(differing(here.kinds, all.kinds)).length > 0;
  return (
    <>
      <form onSubmit={submit} className="grid gap-3">
        <FormError error={save.error} />
        <Panel
          title={t("privacy.kinds")}
          note={<span className="max-sm:hidden">{t("privacy.kindsNote")}</span>}
        >
          <KindsTable rules={rules} may={may} onChange={setRules} />
          <p className="border-line border-t px-3 py-2 text-meta text-fg-3">{t("privacy.hint")}</p>
        </Panel>
        {launch ? null : (
          <Panel title={t("privacy.originals")} note={t("privacy.originalsNote")}>
            <div className="grid gap-4 border-line border-t p-3">
              <fieldset disabled={!may}>
                <legend className="mb-1 text-dense font-medium">{t("privacy.who")}</legend>
                <div className="flex flex-wrap gap-x-5">
                  {roles.map((r) => (
                    <Checkbox
                      key={r}
                      label={word("role", r)}
                      checked={seers.includes(r)}
                      onChange={(e) =>
                        setSeers(e.target.checked ? [...seers, r] : seers.filter((x) => x !== r))
                      }
                    />
                  ))}
                </div>
              </fieldset>
              <div className="max-w-80">
                <Field label={t("privacy.days")} hint={t("privacy.daysHint")}>
                  {(w) => (
                    <Input
                      {...w}
                      type="number"
                      required
                      min={1}
                      max={3650}
                      disabled={!may}
                      value={days}
                      onChange={(e) => setDays(e.target.value)}
                    />
                  )}
                </Field>
              </div>
            </div>
          </Panel>
        )}
        <div className="flex flex-wrap items-center gap-3">
          {may ? (
            <>
              <Button type="submit" look="primary" disabled={save.isPending}>
                {t("common.save")}
              </Button>
              {own ? (
                <Button disabled={save.isPending} onClick={() => save.mutate(true)}>
                  {t("privacy.backToAll")}
                </Button>
              ) : null}
            </>
          ) : (
            <p className="text-meta text-fg-3">{t("privacy.fixed")}</p>
          )}
          <p className="text-meta text-fg-3">
            {own ? `${t("privacy.ownRules")} ` : ""}
            {here.updated_at ? (
              <Trans
                k="privacy.changed"
                values={{
                  name: <span data-user="">{here.updated_by}</span>,
                  time: <Time at={here.updated_at} relative />,
                }}
              />
            ) : null}
          </p>
        </div>
      </form>
      <TryPrivacy rules={rules} />
    </>
  );
}

const cell = "px-3 py-1.5";

/** A row a kind: what is done before it is stored, and where else it is covered. */
function KindsTable({
  rules,
  may,
  onChange,
}: {
  rules: Kinds;
  may: boolean;
  onChange: (rules: Kinds) => void;
}) {
  return (
    <table aria-label={t("privacy.kinds")} className="block text-row">
      <thead className="block max-md:sr-only">
        <tr className="grid grid-cols-[minmax(0,1fr)_220px_110px_130px] text-left text-[11px] text-fg-3 [&>*]:px-3 [&>*]:py-1.5">
          {(["kind", "storage", "exports", "models"] as const).map((c) => (
            <th key={c} scope="col" className="font-medium">
              {t(`privacy.${c}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="block">
        {kinds.map((k) => {
          const rule = rules[k] ?? { storage: "keep" as Action, exports: false, models: false };
          const kind = t(`privacy.kind.${k}`);
          const change = (part: Partial<Kinds[string]>) => onChange({ ...rules, [k]: { ...rule, ...part } });
          return (
            <tr
              key={k}
              className="grid items-center border-line border-t md:grid-cols-[minmax(0,1fr)_220px_110px_130px] max-md:grid-cols-2"
            >
              <th
                scope="row"
                className={`${cell} flex min-h-11 items-center text-left font-normal max-md:col-span-2`}
              >
                {kind}
              </th>
              <td className={`${cell} max-md:col-span-2 max-md:pt-0`}>
                <Select
                  aria-label={t("privacy.storageOf", { kind })}
                  disabled={!may}
                  value={rule.storage}
                  onChange={(e) => change({ storage: e.target.value as Action })}
                  options={storageActions.map((a) => ({ value: a, label: t(`privacy.action.${a}`) }))}
                />
              </td>
              {(["exports", "models"] as const).map((place) => (
                <td key={place} className={`${cell} flex min-h-11 items-center max-md:min-h-8 max-md:pt-0`}>
                  {rule.storage === "keep" ? (
                    <Checkbox
                      aria-label={t(`privacy.${place}Of`, { kind })}
                      label={<span className="md:sr-only">{t(`privacy.${place}`)}</span>}
                      disabled={!may}
                      checked={rule[place]}
                      onChange={(e) => change({ [place]: e.target.checked })}
                    />
                  ) : (
                    <span className="text-fg-3">
                      <span className="md:sr-only">{t(`privacy.${place}`)}: </span>
                      {t("privacy.always")}
                    </span>
                  )}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
