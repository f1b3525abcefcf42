import { Pencil } from "lucide-react";
import { useState } from "react";
import { t } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Input } from "@/ui/field";

export function EditableTitle({ title, onSave }: { title: string; onSave: (title: string) => void }) {
  const [editing, setEditing] = useState(false);
  if (editing) {
    const keep = (next: string) => {
      setEditing(false);
      if (next.trim() && next.trim() !== title) onSave(next.trim());
    };
    return (
      <Input
        autoFocus
        aria-label={t("issue.title")}
        defaultValue={title}
        className="!h-9 !text-verdict font-semibold"
        onBlur={(e) => keep(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Enter") keep(e.currentTarget.value);
          if (e.key === "Escape") setEditing(false);
        }}
      />
    );
  }
  return (
    <div className="group/title flex items-start gap-1">
      <h1
        dir="auto"
        className="min-w-0 text-item font-semibold tracking-[-0.015em] text-balance [overflow-wrap:anywhere]"
      >
        {title}
      </h1>
      <IconButton
        label={t("issue.editTitle")}
        icon={Pencil}
        size={13}
        className="opacity-0 group-hover/title:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100"
        onClick={() => setEditing(true)}
      />
    </div>
  );
}
