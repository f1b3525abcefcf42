import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck, KeyRound, Upload } from "lucide-react";
import { launchQuery } from "@/api/launches";
import { tokensQuery, workspaceApi } from "@/api/workspace";
import { useLaunch } from "@/app/launch";
import { Page } from "@/app/page";
import { Trans, t } from "@/i18n";
import { Button, buttonClass } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { Panel } from "@/ui/panel";
import { Snippet } from "@/ui/snippet";
import { FormError } from "@/ui/states";
import { cliSnippet, curlSnippet } from "./snippets";

/** How feedback gets into a launch. Turns green when the first one is there. */
export default function Send() {
  const launch = useLaunch();
  const cache = useQueryClient();
  const arrived = useQuery({
    ...launchQuery(launch.id),
    refetchInterval: launch.counts.feedback ? false : 3000,
  }).data?.counts.feedback;
  const make = useMutation({
    mutationFn: () =>
      workspaceApi.createToken({ name: t("send.tokenName", { launch: launch.name }), role: "intake" }),
    onSuccess: () => cache.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  });
  const token = make.data?.secret ?? "";
  const origin = window.location.origin;
  return (
    <Page title={t("send.title")} note={t("send.note", { launch: launch.name })}>
      <div className="grid items-start gap-3 lg:grid-cols-2">
        <Panel title={t("send.file")} note={t("send.fileNote")}>
          <div className="grid grid-cols-1 gap-3 px-3 pb-3">
            <p className="text-fg-2">{t("send.fileText")}</p>
            <Link
              to="/launches/$launchId/imports"
              params={{ launchId: launch.id }}
              className={buttonClass("primary", "md", "justify-self-start")}
            >
              <Icon of={Upload} size={14} />
              {t("send.fileDo")}
            </Link>
            <p className="text-fg-3">{t("send.cli")}</p>
            <Snippet label={t("send.cli")} text={cliSnippet(origin, launch.id, token)} />
          </div>
        </Panel>
        <Panel title={t("send.api")} note={t("send.apiNote")}>
          <div className="grid grid-cols-1 gap-3 px-3 pb-3">
            <FormError error={make.error} />
            <p className="text-fg-2">{token ? t("send.tokenOnce") : t("send.tokenNone")}</p>
            {token ? (
              <Snippet label={t("tokens.secret")} text={token} wrap />
            ) : (
              <Button
                icon={KeyRound}
                className="justify-self-start"
                onClick={() => make.mutate()}
                disabled={make.isPending}
              >
                {t("send.tokenDo")}
              </Button>
            )}
            <Snippet label={t("send.curl")} text={curlSnippet(origin, launch.id, token)} />
          </div>
        </Panel>
      </div>
      <p role="status" className="flex items-center gap-2 text-fg-2">
        {arrived ? (
          <>
            <Icon of={CircleCheck} className="text-ok" />
            <span>
              <Trans
                k="send.arrived"
                values={{
                  count: arrived,
                  link: (
                    <Link to="/launches/$launchId/feedback" params={{ launchId: launch.id }} className="link">
                      {t("send.open")}
                    </Link>
                  ),
                }}
              />
            </span>
          </>
        ) : (
          t("send.waiting")
        )}
      </p>
    </Page>
  );
}
