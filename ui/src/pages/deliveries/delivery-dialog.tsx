import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { RotateCcw } from "lucide-react";
import { deliveryApi, deliveryQuery } from "@/api/deliveries";
import { toasts } from "@/app/toasts";
import { t, word } from "@/i18n";
import { bytes, number } from "@/i18n/format";
import { Button, buttonClass } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Fact, Facts } from "@/ui/panel";
import { Snippet } from "@/ui/snippet";
import { explain, Failure, Skeleton } from "@/ui/states";
import { TimeButton } from "@/ui/time";

/** One delivery with the bytes that came, shown as text and never as markup. */
export function DeliveryDialog({
  id,
  launchId,
  onClose,
}: {
  id: string;
  launchId: string;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const { data: d, error, refetch } = useQuery(deliveryQuery(id));
  const replay = useMutation({
    mutationFn: () => deliveryApi.replay(id),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: deliveryQuery(id).queryKey });
      toasts.show(t("toast.replayed", { count: 1 }));
      return cache.invalidateQueries({ queryKey: ["delivery-list"] });
    },
    onError: (e) => toasts.show(explain(e), { tone: "error" }),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      width={680}
      title={t("deliveries.one")}
      footer={
        d ? (
          <>
            {d.feedback_id ? (
              <Link
                to="/launches/$launchId/feedback"
                params={{ launchId }}
                search={{ tab: "all", item: d.feedback_id }}
                className={buttonClass()}
              >
                {t("deliveries.openFeedback")}
              </Link>
            ) : null}
            <Button icon={RotateCcw} disabled={replay.isPending} onClick={() => replay.mutate()}>
              {t("deliveries.replay")}
            </Button>
          </>
        ) : null
      }
    >
      {error ? <Failure error={error} onRetry={() => void refetch()} /> : null}
      {!d && !error ? <Skeleton rows={6} className="!px-0" /> : null}
      {d ? (
        <div className="grid grid-cols-1 gap-3">
          <Facts>
            <Fact name={t("deliveries.state")}>{word("deliveryState", d.state)}</Fact>
            {d.reason ? (
              <Fact name={t("deliveries.reason")}>
                <span className="text-critical">{d.reason}</span>
              </Fact>
            ) : null}
            <Fact name={t("facet.channel")}>{word("channel", d.channel)}</Fact>
            <Fact name={t("facts.received")}>
              <TimeButton at={d.received_at} />
            </Fact>
            {d.processed_at ? (
              <Fact name={t("deliveries.processed")}>
                <TimeButton at={d.processed_at} />
              </Fact>
            ) : null}
            <Fact name={t("deliveries.attempts")}>{number(d.attempts)}</Fact>
            <Fact name={t("deliveries.size")}>{bytes(d.size)}</Fact>
            {d.natural_key ? (
              <Fact name={t("deliveries.key")}>
                <span className="id truncate">{d.natural_key}</span>
              </Fact>
            ) : null}
          </Facts>
          <div className="grid grid-cols-1 gap-1">
            <h3 className="text-[12px] font-semibold">{t("deliveries.payload")}</h3>
            <Snippet label={t("deliveries.payload")} text={pretty(d.payload ?? "")} wrap />
          </div>
        </div>
      ) : null}
    </Dialog>
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
