import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck, FileCode2 } from "lucide-react";
import { gatewayStateQuery } from "@/api/gateway";
import type { Outline } from "@/api/types";
import { useMe } from "@/app/launch";
import { Trans, t } from "@/i18n";
import { buttonClass } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { Panel } from "@/ui/panel";
import { Snippet } from "@/ui/snippet";
import { applySnippet, callSnippet, examplePath, sampleDocument } from "./samples";

/** Where this node's gateway is reached; what stands in commands until one is there. */
export const gatewayAddress = (url: string | undefined): string => url || "http://localhost:8000";

/** Nothing is published: the way from here to a first call, in three steps to copy. */
export function FirstApi() {
  const url = useQuery(gatewayStateQuery).data?.url;
  const mayPublish = useMe().permissions.includes("manage_launch");
  return (
    <Panel title={t("first.title")} note={t("first.note")}>
      <ol className="grid gap-x-6 gap-y-4 border-line border-t p-4 lg:grid-cols-3">
        <Step n={1} title={t("first.write")} text={t("first.writeText")}>
          <Snippet label={t("first.document")} text={sampleDocument} />
        </Step>
        <Step n={2} title={t("first.publish")} text={t("first.publishText")}>
          <Snippet label={t("first.apply")} text={applySnippet(window.location.origin)} />
          {mayPublish ? (
            <>
              <p className="text-fg-2">{t("first.orHere")}</p>
              <Link to="/gateway/apis/edit" className={buttonClass("primary", "md", "justify-self-start")}>
                <Icon of={FileCode2} size={14} />
                {t("first.here")}
              </Link>
            </>
          ) : (
            <p className="text-fg-2">{t("first.mayNot")}</p>
          )}
        </Step>
        <Step n={3} title={t("first.call")} text={t("first.callText")}>
          <Snippet label={t("first.curl")} text={callSnippet(gatewayAddress(url), "/")} />
          {url === "" ? <NoGateway /> : <p className="text-fg-3">{t("first.waiting")}</p>}
        </Step>
      </ol>
    </Panel>
  );
}

function Step({
  n,
  title,
  text,
  children,
}: {
  n: number;
  title: string;
  text: string;
  children: React.ReactNode;
}) {
  return (
    <li className="grid min-w-0 grid-cols-1 content-start gap-2">
      <h3 className="flex items-center gap-2 text-body font-semibold">
        <span className="num grid size-5 place-items-center rounded-full bg-accent-soft text-meta text-accent-text">
          {n}
        </span>
        {title}
      </h3>
      <p className="text-fg-2">{text}</p>
      {children}
    </li>
  );
}

/** This server was started without a gateway: what is published waits. */
export function NoGateway() {
  return (
    <p className="rounded-2 bg-watch-soft px-3 py-2 text-dense text-watch">
      <Trans k="gateway.none" values={{ flag: <code className="id">--gateway :8000</code> }} />
    </p>
  );
}

/** Published and never called since the server started: the call to make, green once it was made. */
export function FirstCall({ outline }: { outline: Outline }) {
  const state = useQuery(gatewayStateQuery).data;
  const live = outline.apis.filter((a) => a.state === "published" || a.state === "deprecated");
  const api = live[0];
  const route = api?.routes.find((r) => r.match !== "regex") ?? api?.routes[0];
  if (!state || !api || !route || outline.number > 1) return null;
  if (state.url === "") return <NoGateway />;
  const calls = state.routes.reduce((n, r) => n + r.requests, 0);
  const keyed = [...api.policies, ...route.policies].some((p) => p.kind === "key");
  return (
    <Panel>
      <div className="grid items-center gap-x-4 gap-y-2 px-3 py-2.5 md:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
        <p role="status" className="flex items-center gap-2">
          {calls ? (
            <>
              <Icon of={CircleCheck} className="text-ok" />
              <span>
                <Trans
                  k="first.called"
                  values={{
                    count: calls,
                    link: (
                      <Link to="/gateway/calls" className="link">
                        {t("first.seeCalls")}
                      </Link>
                    ),
                  }}
                />
              </span>
            </>
          ) : (
            <>
              <span className="live-dot m-1 flex-none" data-state="stale" aria-hidden="true" />
              <span>{t("first.waitingFor", { url: state.url })}</span>
            </>
          )}
        </p>
        {calls ? null : (
          <Snippet
            label={t("first.curl")}
            text={callSnippet(
              gatewayAddress(state.url),
              examplePath(route.match === "regex" ? "/" : route.path),
              { key: keyed ? "$KEY" : undefined, host: api.hosts[0] },
            )}
          />
        )}
      </div>
    </Panel>
  );
}
