import { isMoving } from "@/api/imports";
import type { Import } from "@/api/types";
import { word } from "@/i18n";
import { percent } from "@/i18n/format";
import { Bar } from "@/ui/bar";
import { Glyph, type State } from "@/ui/glyph";

const glyphs: Record<string, State> = { done: "ok", failed: "critical", uploaded: "watch" };

export function ImportState({ item }: { item: Import }) {
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap text-fg-2">
      <Glyph state={glyphs[item.state] ?? "idle"} />
      {word("importState", item.state)}
      {isMoving(item) && item.state !== "done" ? (
        <>
          <Bar value={item.progress.percent / 100} tone="accent" />
          <span className="num text-meta">{percent(item.progress.percent / 100)}</span>
        </>
      ) : null}
    </span>
  );
}
