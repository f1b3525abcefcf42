import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowRightLeft, FileCode2, FileUp, KeyRound, Undo2 } from "lucide-react";
import { useState } from "react";
import { ActionButton } from "@/actions/action-button";
import { useActions } from "@/actions/use-actions";
import { useRowKeys } from "@/actions/use-row-keys";
import { gatewayStateQuery, outlineQuery } from "@/api/gateway";
import type { Outline } from "@/api/types";
import { useMe } from "@/app/launch";
import { Page } from "@/app/page";
import { Trans, t } from "@/i18n";
import { number } from "@/i18n/format";
import { failedPart } from "@/ui/failed-part";
import { Panel } from "@/ui/panel";
import { part } from "@/ui/part";
import { Failure, RowsSkeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { FirstApi, FirstCall } from "../gateway/first-api";
import { ApiPanel } from "./api-panel";
import { draft } from "./draft";
import { History } from "./history";
import { versionName } from "./life";
import { PublicationDialog } from "./publication-dialog";
import { useRollBack } from "./use-roll-back";
import { useVersionAt } from "./use-version-at";

const route = getRouteApi("/app/gateway/apis");
const openapiPart = part(() => import("./openapi-dialog"));
const lifePart = part(() => import("./life-dialogs"));

/** What is published on the gateway, and everything that was. */
export default function Apis() {
  const navigate = route.useNavigate();
  const { publication } = route.useSearch();
  const mayPublish = useMe().permissions.includes("manage_launch");
  const { data: outline, error, isPending, refetch } = useQuery(outlineQuery);
  const state = useQuery(gatewayStateQuery).data;
  const rollBack = useRollBack();
  const routes = outline?.apis.reduce((n, a) => n + a.routes.length, 0) ?? 0;
  useRowKeys(routes);
  const published = (outline?.number ?? 0) > 0;
  const [importing, setImporting] = useState(false);
  const code = openapiPart.use(importing, (why) => {
    setImporting(false);
    failedPart(why);
  });
  const at = useVersionAt();
  const [act, setAct] = useState<{ do: "state" | "preview"; name: string }>();
  const life = lifePart.use(act !== undefined, (why) => {
    setAct(undefined);
    failedPart(why);
  });
  const named = (name: string | undefined) => outline?.apis.find((a) => versionName(a) === name);
  // The version that the keys mean: where the focus is or was, else the first.
  const current = named(at) ?? outline?.apis[0];
  const open = named(act?.name);
  const start = (what: "state" | "preview") => current && setAct({ do: what, name: versionName(current) });
  useActions([
    {
      id: "apis.import",
      keys: ["i"],
      scope: "list",
      label: t("action.importOpenAPI"),
      hint: t("hint.importOpenAPI"),
      icon: FileUp,
      when: () => mayPublish,
      run: () => setImporting(true),
    },
    {
      id: "apis.edit",
      keys: ["e"],
      scope: "list",
      label: t("action.editDocument"),
      hint: t("hint.edit"),
      icon: FileCode2,
      when: () => mayPublish,
      run: () => void navigate({ to: "/gateway/apis/edit" }),
    },
    {
      id: "apis.roll-back",
      keys: ["shift+b"],
      scope: "list",
      label: t("action.rollBack"),
      hint: t("hint.rollBack"),
      icon: Undo2,
      when: () => mayPublish && (outline?.number ?? 0) > 1,
      run: () => rollBack.mutate(undefined),
    },
    {
      id: "apis.state",
      keys: ["s"],
      scope: "list",
      label: t("action.apiState"),
      icon: ArrowRightLeft,
      when: () => mayPublish && current !== undefined,
      run: () => start("state"),
    },
    {
      id: "apis.preview-key",
      keys: ["shift+k"],
      scope: "list",
      label: t("action.previewKey"),
      icon: KeyRound,
      when: () => mayPublish && current?.state === "draft",
      run: () => start("preview"),
    },
  ]);
  return (
    <Page
      title={t("nav.apis")}
      note={outline && published ? <InForce outline={outline} routes={routes} /> : null}
      actions={
        mayPublish ? (
          <>
            <ActionButton action="apis.import">
              <span className="max-sm:sr-only">{t("apis.import")}</span>
            </ActionButton>
            <ActionButton action="apis.edit" look={published ? "plain" : "primary"}>
              <span className="max-sm:sr-only">{t("apis.edit")}</span>
            </ActionButton>
          </>
        ) : null
      }
    >
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {isPending ? (
        <Panel>
          <RowsSkeleton rows={6} height={34} />
        </Panel>
      ) : null}
      {outline && !published ? <FirstApi /> : null}
      {outline && published ? (
        <div className="grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_320px]">
          <div className="grid min-w-0 gap-3">
            <FirstCall outline={outline} />
            {outline.apis.length === 0 ? (
              <Panel>
                <p className="px-3 py-8 text-center text-fg-2">{t("apis.noneText")}</p>
              </Panel>
            ) : null}
            {outline.apis.map((a) => (
              <ApiPanel
                key={`${a.name} ${a.version}`}
                api={a}
                state={state}
                acts={
                  mayPublish
                    ? {
                        onState: () => setAct({ do: "state", name: versionName(a) }),
                        onPreview: () => setAct({ do: "preview", name: versionName(a) }),
                      }
                    : undefined
                }
              />
            ))}
          </div>
          <History
            mayPublish={mayPublish}
            busy={rollBack.isPending}
            onRollBack={(to) => rollBack.mutate(to)}
          />
        </div>
      ) : null}
      {code && importing ? (
        <code.OpenAPIDialog
          onClose={() => setImporting(false)}
          onEdit={(document) => {
            draft.set(document);
            void navigate({ to: "/gateway/apis/edit" });
          }}
        />
      ) : null}
      {life && open && act?.do === "state" ? (
        <life.StateDialog api={open} onClose={() => setAct(undefined)} />
      ) : null}
      {life && open && act?.do === "preview" ? (
        <life.PreviewDialog api={open} onClose={() => setAct(undefined)} />
      ) : null}
      {publication && Number(publication) > 0 ? (
        <PublicationDialog
          number={Number(publication)}
          live={outline?.number === Number(publication)}
          onRollBack={() => rollBack.mutate(Number(publication))}
          onClose={() => void navigate({ search: {}, replace: true })}
        />
      ) : null}
    </Page>
  );
}

function InForce({ outline, routes }: { outline: Outline; routes: number }) {
  return (
    <Trans
      k="apis.note"
      values={{
        apis: t("apis.count", { count: new Set(outline.apis.map((a) => a.name)).size }),
        routes: t("apis.routeCount", { count: routes }),
        number: (
          <Link to="/gateway/apis" search={{ publication: String(outline.number) }} className="link">
            {number(outline.number)}
          </Link>
        ),
        name: <span data-user="">{outline.by}</span>,
        time: outline.at ? <Time at={outline.at} relative /> : "",
      }}
    />
  );
}
