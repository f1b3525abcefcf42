import { FileText, Paperclip } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import type { Feedback } from "@/api/types";
import { t } from "@/i18n";
import { bytes } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { type Attachment, fileKind } from "./file-kind";

const Viewer = lazy(() => import("./attachment-viewer"));

/** Which file is open; the viewer leads on to the others. */
export function useViewer(list: Feedback["attachments"]) {
  const files = list ?? [];
  const [at, setAt] = useState<number>();
  const viewer =
    at === undefined ? null : (
      <Suspense>
        <Viewer files={files} at={at} onMove={setAt} onClose={() => setAt(undefined)} />
      </Suspense>
    );
  return { files, open: setAt, viewer };
}

/** The first picture, beside what was said. */
export function Picture({ file, onOpen }: { file: Attachment; onOpen: () => void }) {
  return (
    <button
      type="button"
      onClick={onOpen}
      title={file.name}
      className="state block h-27 w-44 flex-none overflow-hidden rounded-2 border border-line-strong bg-surface hover:border-control max-sm:w-full"
    >
      <span className="sr-only">{t("attachment.open", { name: file.name })}</span>
      <img src={file.url} alt="" loading="lazy" className="size-full object-cover object-top" />
    </button>
  );
}

/** The other files: pictures small, the rest by name. */
export function FileStrip({ files, onOpen }: { files: Attachment[]; onOpen: (file: Attachment) => void }) {
  if (files.length === 0) return null;
  return (
    <ul aria-label={t("feedback.attachments")} className="mt-2 flex flex-wrap gap-1.5">
      {files.map((f) => (
        <li key={f.id} className="min-w-0">
          <button
            type="button"
            title={f.name}
            onClick={() => onOpen(f)}
            className={cx(
              "state flex h-9 max-w-56 items-center gap-1.5 overflow-hidden rounded-2 border border-line-strong bg-surface text-meta hover:bg-hover pointer-coarse:h-11",
              fileKind(f) === "image" ? "pr-2" : "px-2",
            )}
          >
            {fileKind(f) === "image" ? (
              <img src={f.url} alt="" loading="lazy" className="h-full w-11 object-cover object-top" />
            ) : (
              <Icon of={fileKind(f) === "text" ? FileText : Paperclip} size={13} className="text-fg-3" />
            )}
            <span className="sr-only">{t("attachment.open", { name: "" })}</span>
            <span className="min-w-0 truncate">{f.name}</span>
            <span className="num flex-none text-fg-3">{bytes(f.size)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
