import { useQuery } from "@tanstack/react-query";
import { Eye } from "lucide-react";
import { useState } from "react";
import { callPayloadQuery } from "@/api/calls";
import type { Call, CallPayload } from "@/api/types";
import { useMe } from "@/app/launch";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Snippet } from "@/ui/snippet";
import { Failure, Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";

/** What was captured of the request and the answer. It is fetched only when asked for: opening it is audited. */
export function Payload({ call: c }: { call: Call }) {
  const may = useMe().permissions.includes("read_payload");
  const [wanted, setWanted] = useState(false);
  const { data, error, isFetching, refetch } = useQuery({ ...callPayloadQuery(c.id), enabled: wanted });
  if (!c.request_capture && !c.response_capture) return <p className="text-fg-3">{t("payload.none")}</p>;
  if (!may) return <p className="text-fg-3">{t("payload.mayNot")}</p>;
  if (!data && !error && !isFetching)
    return (
      <div className="grid justify-items-start gap-1.5">
        <Button size="sm" icon={Eye} onClick={() => setWanted(true)}>
          {t("payload.show")}
        </Button>
        <p className="text-meta text-fg-3">{t("payload.audited")}</p>
      </div>
    );
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={5} className="!p-0" />;
  return (
    <div className="grid grid-cols-1 gap-4">
      <Message name={t("payload.request")} message={data.request} />
      <Message name={t("payload.response")} message={data.response} />
    </div>
  );
}

function Message({ name, message: m }: { name: string; message: CallPayload["request"] }) {
  const body = m.base64 ? (m.body ?? "") : pretty(m.body ?? "");
  return (
    <section className="grid grid-cols-1 gap-1.5">
      <h4 className="flex items-center gap-2 text-dense font-550">
        {name}
        {m.type ? (
          <span data-user="" className="id font-normal text-fg-3">
            {m.type}
          </span>
        ) : null}
        {m.capture === "cut" ? <Tag tone="watch">{t("payload.cut")}</Tag> : null}
        {m.base64 ? <Tag>{t("payload.base64")}</Tag> : null}
      </h4>
      {m.headers.length ? (
        <dl className="grid grid-cols-[minmax(0,auto)_minmax(0,1fr)] gap-x-3 gap-y-px">
          {m.headers.map((h, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a field can be there twice, and the lines never move
            <div key={i} className="contents">
              <dt data-user="" className="id text-fg-3">
                {h.name}
              </dt>
              <dd data-user="" className="id [overflow-wrap:anywhere]">
                {h.value}
              </dd>
            </div>
          ))}
        </dl>
      ) : null}
      {body ? <Snippet label={name} text={body} wrap /> : <p className="text-fg-3">{t("payload.noBody")}</p>}
    </section>
  );
}

/** JSON is indented; anything else stays as it came. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
