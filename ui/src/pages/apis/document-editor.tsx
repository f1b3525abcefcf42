import { type KeyboardEvent, type Ref, useImperativeHandle, useMemo, useRef } from "react";
import type { GatewayCheck } from "@/api/types";
import { t } from "@/i18n";

export interface EditorHandle {
  /** Puts the cursor on a line and shows it. */
  goTo: (line: number) => void;
}

const lineHeight = 18;

/** Where a line begins and ends in a text; lines count from 1. */
export function lineSpan(text: string, line: number): [number, number] {
  let start = 0;
  for (let i = 1; i < line; i++) {
    const next = text.indexOf("\n", start);
    if (next < 0) return [text.length, text.length];
    start = next + 1;
  }
  const end = text.indexOf("\n", start);
  return [start, end < 0 ? text.length : end];
}

/** The indentation that a new line takes over: that of the line before, one deeper behind a colon. */
export function indentAfter(before: string): string {
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const own = /^ */.exec(line)?.[0] ?? "";
  const item = /^ *- \S/.test(line) ? "  " : "";
  return own + item + (/:\s*$/.test(line) ? "  " : "");
}

/**
 * A field for YAML: numbered lines, those with a fault marked, the indentation taken over by Enter. Tab leaves
 * the field as it does everywhere; the field grows with its text and its panel scrolls.
 */
export function DocumentEditor({
  value,
  faults,
  onChange,
  onSubmit,
  ref,
}: {
  value: string;
  faults: GatewayCheck["faults"];
  onChange: (text: string) => void;
  onSubmit: () => void;
  ref: Ref<EditorHandle>;
}) {
  const area = useRef<HTMLTextAreaElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const count = useMemo(() => value.split("\n").length, [value]);
  const numbers = useMemo(() => Array.from({ length: count }, (_, i) => i + 1).join("\n"), [count]);
  useImperativeHandle(
    ref,
    () => ({
      goTo: (line) => {
        const el = area.current;
        if (!el) return;
        el.focus({ preventScroll: true });
        el.setSelectionRange(...lineSpan(el.value, line));
        box.current?.scrollTo({ top: Math.max(0, (line - 6) * lineHeight) });
      },
    }),
    [],
  );
  const onKeyDown = (e: KeyboardEvent<HTMLTextAreaElement>) => {
    if (e.key !== "Enter" || e.nativeEvent.isComposing) return;
    if (e.ctrlKey || e.metaKey) {
      e.preventDefault();
      onSubmit();
      return;
    }
    const el = e.currentTarget;
    const indent = indentAfter(el.value.slice(0, el.selectionStart));
    if (!indent) return;
    e.preventDefault();
    // Not by setting the value: the browser's own undo must know of it.
    document.execCommand("insertText", false, `\n${indent}`);
  };
  return (
    <div
      ref={box}
      className="relative max-h-[calc(100dvh-220px)] min-h-60 overflow-auto border-line border-t font-mono text-[12px] outline-offset-[-2px] outline-focus focus-within:outline-2"
      style={{ lineHeight: `${lineHeight}px` }}
    >
      <div className="relative grid min-w-max grid-cols-[auto_minmax(0,1fr)] py-2">
        {faults.map((f) =>
          f.line ? (
            <span
              key={`${f.line} ${f.path} ${f.reason}`}
              aria-hidden="true"
              title={f.reason}
              className="absolute inset-x-0 border-critical-fill border-l-2 bg-critical-soft"
              style={{ top: 8 + (f.line - 1) * lineHeight, height: lineHeight }}
            />
          ) : null,
        )}
        <pre aria-hidden="true" className="num relative pr-2 pl-3 text-right font-mono text-fg-3 select-none">
          {numbers}
        </pre>
        <textarea
          ref={area}
          aria-label={t("edit.document")}
          aria-invalid={faults.length > 0}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          wrap="off"
          rows={count}
          value={value}
          onChange={(e) => onChange(e.target.value)}
          onKeyDown={onKeyDown}
          className="relative min-w-full resize-none overflow-hidden bg-transparent pr-4 pl-1 [field-sizing:content] outline-none"
        />
      </div>
    </div>
  );
}
