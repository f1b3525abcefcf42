import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Snippet } from "@/ui/snippet";

/** A key that was made: shown this once, with a call to try it. */
export function MadeKey({
  secret,
  call,
  none,
  onClose,
}: {
  secret: string;
  call: string | undefined;
  /** What is said where there is no call to try. */
  none: string;
  onClose: () => void;
}) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("keys.madeTitle")}
      note={t("keys.once")}
      footer={<Button onClick={onClose}>{t("common.done")}</Button>}
    >
      <div className="grid grid-cols-1 gap-3">
        <Snippet label={t("keys.secret")} text={secret} wrap />
        {call ? (
          <>
            <p className="text-fg-2">{t("keys.try")}</p>
            <Snippet label={t("first.curl")} text={call} />
          </>
        ) : (
          <p className="text-fg-3">{none}</p>
        )}
      </div>
    </Dialog>
  );
}
