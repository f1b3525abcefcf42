import { Pencil } from "lucide-react";
import { useState } from "react";
import { t } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Textarea } from "@/ui/field";

/** The description, edited where it stands: Ctrl+Enter keeps it, Escape leaves it. */
export function EditableDescription({ text, onSave }: { text: string; onSave: (text: string) => void }) {
  const [draft, setDraft] = useState<string>();
  if (draft !== undefined) {
    const keep = () => {
      setDraft(undefined);
      if (draft.trim() !== text) onSave(draft.trim());
    };
    return (
      <div className="grid max-w-[76ch] gap-2">
        <Textarea
          autoFocus
          aria-label={t("issue.description")}
          rows={Math.min(14, Math.max(4, draft.split("\n").length + 1))}
          maxLength={20_000}
          value={draft}
          onChange={(e) => setDraft(e.target.value)}
          onKeyDown={(e) => {
            if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) keep();
            if (e.key === "Escape") setDraft(undefined);
          }}
        />
        <div className="flex gap-2">
          <Button size="sm" look="primary" keys="mod+enter" onClick={keep}>
            {t("common.save")}
          </Button>
          <Button size="sm" onClick={() => setDraft(undefined)}>
            {t("common.cancel")}
          </Button>
        </div>
      </div>
    );
  }
  if (!text) {
    return (
      <button
        type="button"
        className="state min-h-6 justify-self-start rounded-1 text-left text-dense text-fg-3 hover:text-fg-2"
        onClick={() => setDraft("")}
      >
        {t("issue.addDescription")}
      </button>
    );
  }
  return (
    <div className="group/text flex items-start gap-1">
      <p dir="auto" className="max-w-[76ch] min-w-0 text-quote whitespace-pre-wrap [overflow-wrap:anywhere]">
        {text}
      </p>
      <IconButton
        label={t("issue.editDescription")}
        icon={Pencil}
        size={13}
        className="opacity-0 group-hover/text:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100"
        onClick={() => setDraft(text)}
      />
    </div>
  );
}
