import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { FileUp } from "lucide-react";
import { type DragEvent, useId, useRef, useState } from "react";
import { importQuery, importsQuery, uploadImport } from "@/api/imports";
import { t } from "@/i18n";
import { percent } from "@/i18n/format";
import { Progress } from "@/ui/bar";
import { Button, buttonClass } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { FormError } from "@/ui/states";

const kinds = ".csv,.tsv,.txt,.jsonl,.ndjson,.json,.xlsx";

/** Takes a file by drop or choice, sends it, and opens its preview. */
export function DropFile({ launch }: { launch: string }) {
  const id = useId();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [over, setOver] = useState(false);
  const [sent, setSent] = useState<{ name: string; fraction: number }>();
  const [error, setError] = useState<unknown>();
  const stop = useRef<AbortController>(undefined);

  const take = async (file: File | undefined) => {
    if (!file) return;
    setError(undefined);
    setSent({ name: file.name, fraction: 0 });
    stop.current = new AbortController();
    try {
      const made = await uploadImport(
        launch,
        file,
        (fraction) => setSent({ name: file.name, fraction }),
        stop.current.signal,
      );
      cache.setQueryData(importQuery(made.id).queryKey, made);
      void cache.invalidateQueries({ queryKey: importsQuery(launch).queryKey });
      await navigate({
        to: "/launches/$launchId/imports/$importId",
        params: { launchId: launch, importId: made.id },
      });
    } catch (e) {
      if (!(e instanceof DOMException)) setError(e);
    } finally {
      setSent(undefined);
    }
  };
  const drop = (e: DragEvent) => {
    e.preventDefault();
    setOver(false);
    void take(e.dataTransfer.files[0]);
  };

  return (
    <section
      aria-label={t("imports.drop")}
      onDragOver={(e) => {
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={cx(
        "state grid justify-items-center gap-2 rounded-3 border border-dashed px-4 py-8 text-center",
        over ? "border-accent bg-accent-soft" : "border-control bg-surface",
      )}
    >
      <Icon of={FileUp} size={22} className="text-fg-3" />
      {sent ? (
        <div className="grid w-full max-w-80 gap-2">
          <p>{t("imports.sending", { name: sent.name, percent: percent(sent.fraction) })}</p>
          <Progress value={sent.fraction} label={t("imports.sendingLabel")} />
          <Button onClick={() => stop.current?.abort()} className="justify-self-center">
            {t("common.cancel")}
          </Button>
        </div>
      ) : (
        <>
          <p className="font-550">{t("imports.drop")}</p>
          <p className="text-fg-3">{t("imports.kinds")}</p>
          <label
            htmlFor={id}
            className={buttonClass(
              "primary",
              "md",
              "mt-1 cursor-pointer focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-focus",
            )}
          >
            {t("imports.choose")}
            <input
              id={id}
              type="file"
              accept={kinds}
              className="sr-only"
              onChange={(e) => {
                void take(e.target.files?.[0]);
                e.target.value = "";
              }}
            />
          </label>
        </>
      )}
      <FormError error={error} />
    </section>
  );
}
