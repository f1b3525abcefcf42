import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FileCode2, Undo2 } from "lucide-react";
import { publicationQuery } from "@/api/gateway";
import { useMe } from "@/app/launch";
import { Trans, t } from "@/i18n";
import { Button, buttonClass } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Icon } from "@/ui/icon";
import { Failure, Skeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { DiffView } from "../gateway/diff-view";

/** One publication: who, when, why, and what it changed against the one before. */
export function PublicationDialog({
  number,
  live,
  onRollBack,
  onClose,
}: {
  number: number;
  live: boolean;
  onRollBack: () => void;
  onClose: () => void;
}) {
  const mayPublish = useMe().permissions.includes("manage_launch");
  const one = useQuery({ ...publicationQuery(number), enabled: mayPublish });
  const before = useQuery({ ...publicationQuery(number - 1), enabled: mayPublish && number > 1 });
  const error = one.error ?? before.error;
  const p = one.data;
  const from = number > 1 ? before.data?.document : "";
  return (
    <Dialog
      open
      onClose={onClose}
      width={860}
      title={t("history.one", { number })}
      note={
        p ? (
          <Trans
            k={p.note ? "history.oneNote" : "history.oneBy"}
            values={{
              note: <span data-user="">{p.note}</span>,
              name: <span data-user="">{p.by}</span>,
              time: <Time at={p.at} />,
            }}
          />
        ) : null
      }
      footer={
        mayPublish && p && !live ? (
          <>
            <Link to="/gateway/apis/edit" search={{ from: String(number) }} className={buttonClass()}>
              <Icon of={FileCode2} size={14} />
              {t("history.edit")}
            </Link>
            <Button
              icon={Undo2}
              look="primary"
              onClick={() => {
                onRollBack();
                onClose();
              }}
            >
              {t("history.rollBack")}
            </Button>
          </>
        ) : null
      }
    >
      {error ? <Failure error={error} onRetry={() => void one.refetch()} /> : null}
      {mayPublish ? null : <p className="text-fg-2">{t("history.mayNot")}</p>}
      {mayPublish && !error && (!p || from === undefined) ? <Skeleton rows={8} className="!px-0" /> : null}
      {p && from !== undefined ? (
        <div className="overflow-hidden rounded-2 border border-line">
          <DiffView
            from={from}
            to={p.document ?? ""}
            label={t(number > 1 ? "history.changed" : "history.first", { number: number - 1 })}
          />
        </div>
      ) : null}
    </Dialog>
  );
}
