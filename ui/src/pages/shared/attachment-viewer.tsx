import { Dialog as Base } from "@base-ui/react/dialog";
import { useQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight, Download, Maximize, X, ZoomIn, ZoomOut } from "lucide-react";
import { type KeyboardEvent, useRef, useState } from "react";
import { t } from "@/i18n";
import { bytes, number } from "@/i18n/format";
import { buttonClass, IconButton } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { Fact, Facts } from "@/ui/panel";
import { ScrollRegion } from "@/ui/scroll-region";
import { explain, Skeleton } from "@/ui/states";
import { type Attachment, fileKind } from "./file-kind";

interface Props {
  files: Attachment[];
  at: number;
  onMove: (at: number) => void;
  onClose: () => void;
}

/** 0 is fit to the window; else the share of the picture's own size. */
const zooms = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4];

/** One file as large as the window, with the way to the others. */
export default function AttachmentViewer({ files, at, onMove, onClose }: Props) {
  const file = files[at];
  const [zoom, setZoom] = useState(0);
  const popup = useRef<HTMLDivElement>(null);
  const kind = file ? fileKind(file) : "other";
  const move = (by: number) => {
    if (!files[at + by]) return;
    setZoom(0);
    onMove(at + by);
  };
  const step = (by: number) =>
    setZoom((z) => {
      const from = z === 0 ? zooms.indexOf(1) - (by > 0 ? 1 : 0) : zooms.indexOf(z);
      return zooms[Math.min(zooms.length - 1, Math.max(0, from + by))] ?? 1;
    });
  const onKeyDown = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === "ArrowLeft" || e.key === "ArrowRight") move(e.key === "ArrowLeft" ? -1 : 1);
    else if (e.key === "+" || e.key === "=") step(1);
    else if (e.key === "-") step(-1);
    else if (e.key === "0") setZoom(0);
    else return;
    e.preventDefault();
  };
  if (!file) return null;
  return (
    <Base.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-(--backdrop)" />
        <Base.Popup
          ref={popup}
          initialFocus={popup}
          onKeyDown={onKeyDown}
          className="float appear fixed inset-6 z-50 flex flex-col overflow-hidden outline-none max-sm:inset-0 max-sm:rounded-none max-sm:border-0"
        >
          <header className="flex min-h-11 flex-none flex-wrap items-center gap-1 border-line border-b px-3 py-1">
            <Base.Title className="min-w-0 flex-1 truncate text-body font-semibold">{file.name}</Base.Title>
            {kind === "image" ? (
              <>
                <IconButton label={t("attachment.zoomOut")} icon={ZoomOut} onClick={() => step(-1)} />
                <IconButton label={t("attachment.fit")} icon={Maximize} onClick={() => setZoom(0)} />
                <IconButton label={t("attachment.zoomIn")} icon={ZoomIn} onClick={() => step(1)} />
              </>
            ) : null}
            {files.length > 1 ? (
              <>
                <IconButton
                  label={t("attachment.previous")}
                  icon={ChevronLeft}
                  disabled={at === 0}
                  onClick={() => move(-1)}
                />
                <span role="status" className="num text-dense text-fg-2">
                  {t("attachment.of", { at: number(at + 1), of: number(files.length) })}
                </span>
                <IconButton
                  label={t("attachment.next")}
                  icon={ChevronRight}
                  disabled={at === files.length - 1}
                  onClick={() => move(1)}
                />
              </>
            ) : null}
            <a href={file.url} download={file.name} className={buttonClass("plain", "md")}>
              <Icon of={Download} size={14} />
              <span className="max-sm:sr-only">{t("attachment.download")}</span>
            </a>
            <Base.Close render={<IconButton label={t("common.close")} icon={X} />} />
          </header>
          {kind === "image" ? <Shown key={file.id} file={file} zoom={zoom} onZoom={setZoom} /> : null}
          {kind === "text" ? <Text key={file.id} file={file} /> : null}
          {kind === "other" ? <Described file={file} /> : null}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/** The picture: a press changes between fitting the window and its own size. */
function Shown({ file, zoom, onZoom }: { file: Attachment; zoom: number; onZoom: (zoom: number) => void }) {
  const [width, setWidth] = useState(0);
  return (
    <ScrollRegion
      label={t("attachment.image", { name: file.name })}
      className="grid min-h-0 flex-1 overflow-auto bg-canvas p-3 outline-offset-[-2px]"
    >
      <button
        type="button"
        onClick={() => onZoom(zoom === 0 ? 1 : 0)}
        title={t(zoom === 0 ? "attachment.zoomIn" : "attachment.fit")}
        className={
          zoom === 0 ? "grid min-h-0 min-w-0 cursor-zoom-in place-items-center" : "m-auto cursor-zoom-out"
        }
      >
        <img
          src={file.url}
          alt={file.name}
          onLoad={(e) => setWidth(e.currentTarget.naturalWidth)}
          className={zoom === 0 ? "max-h-full max-w-full object-contain" : "max-w-none"}
          style={zoom === 0 || width === 0 ? undefined : { width: width * zoom }}
        />
      </button>
    </ScrollRegion>
  );
}

/** How much of a text is shown: more would only make the page slow. */
const maxText = 200_000;

/** Reads the start of a file and lets the rest be. */
async function readStart(url: string, signal: AbortSignal): Promise<{ text: string; cut: boolean }> {
  const answer = await fetch(url, { signal, credentials: "same-origin" });
  if (!answer.ok || !answer.body) throw new Error(String(answer.status));
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { text: text + decoder.decode(), cut: false };
    const rest = maxText - size;
    text += decoder.decode(value.subarray(0, rest), { stream: true });
    size += value.length;
    if (size > maxText) {
      await reader.cancel();
      return { text, cut: true };
    }
  }
}

function Text({ file }: { file: Attachment }) {
  const { data, error } = useQuery({
    queryKey: ["attachment-text", file.id],
    queryFn: ({ signal }) => readStart(file.url, signal),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  if (error) return <p className="p-4 text-fg-2">{t("attachment.gone", { why: explain(error) })}</p>;
  if (!data) return <Skeleton rows={8} className="flex-1" />;
  return (
    <>
      <ScrollRegion
        label={file.name}
        className="min-h-0 flex-1 overflow-auto bg-canvas p-3 outline-offset-[-2px]"
      >
        <pre dir="auto" className="font-mono text-dense whitespace-pre-wrap [overflow-wrap:anywhere]">
          {data.text}
        </pre>
      </ScrollRegion>
      {data.cut ? (
        <p className="flex-none border-line border-t px-4 py-2 text-dense text-fg-2">
          {t("attachment.cut", { size: bytes(maxText) })}
        </p>
      ) : null}
    </>
  );
}

/** What is known of a file that the browser does not show. */
function Described({ file }: { file: Attachment }) {
  return (
    <div className="min-h-0 flex-1 overflow-auto p-4">
      <Facts>
        <Fact name={t("attachment.type")}>{file.content_type}</Fact>
        <Fact name={t("attachment.size")}>{bytes(file.size)}</Fact>
        <Fact name={t("attachment.sha256")}>
          <span className="id [overflow-wrap:anywhere]">{file.sha256}</span>
        </Fact>
      </Facts>
    </div>
  );
}
