import { ChevronRight } from "lucide-react";
import { useState } from "react";
import type { ErrorBody, ErrorFrame } from "@/api/types";
import { t } from "@/i18n";
import { cx } from "@/ui/cx";
import { Icon } from "@/ui/icon";
import { ScrollRegion } from "@/ui/scroll-region";
import { Tag } from "@/ui/tag";

/** The stacks of an event, innermost call first, each exception above its cause. */
export function Stacks({ body }: { body: ErrorBody }) {
  const list = [...(body.exceptions ?? [])].reverse();
  if (list.length === 0 && !body.stack?.length) return null;
  return (
    <section className="grid grid-cols-1 gap-3">
      <h3 className="text-body font-semibold">{t("errors.stack")}</h3>
      {list.map((x, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an event never changes
        <div key={i} className="grid grid-cols-1 gap-1">
          <p className="[overflow-wrap:anywhere]">
            {i > 0 ? <span className="text-fg-3">{t("errors.causedBy")} </span> : null}
            <strong data-user="" className="font-semibold">
              {x.type}
            </strong>{" "}
            <span data-user="">{x.value}</span>{" "}
            {x.unhandled ? <Tag tone="critical">{t("errors.unhandled")}</Tag> : null}
          </p>
          <Frames frames={x.frames ?? []} />
        </div>
      ))}
      {list.length === 0 ? <Frames frames={body.stack ?? []} /> : null}
    </section>
  );
}

/** Calls of the product's own code open where they failed; runs of library calls are one line. */
function Frames({ frames }: { frames: ErrorFrame[] }) {
  const inner = [...frames].reverse();
  const own = inner.some((f) => f.in_app);
  const parts: ErrorFrame[][] = [];
  for (const f of inner) {
    const last = parts.at(-1);
    if (own && !f.in_app && last?.[0] && !last[0].in_app) last.push(f);
    else parts.push([f]);
  }
  const first = inner.findIndex((f) => f.in_app || !own);
  if (frames.length === 0) return null;
  return (
    <ol className="min-w-0 overflow-hidden rounded-2 border border-line">
      {parts.map((part, i) =>
        own && part[0] && !part[0].in_app ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: an event never changes
          <Folded key={i} frames={part} />
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: an event never changes
          <Frame key={i} frame={part[0] as ErrorFrame} open={part[0] === inner[first]} />
        ),
      )}
    </ol>
  );
}

function Folded({ frames }: { frames: ErrorFrame[] }) {
  const [open, setOpen] = useState(false);
  if (open) {
    return frames.map((f, i) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: an event never changes
      <Frame key={i} frame={f} />
    ));
  }
  return (
    <li className="border-line not-first:border-t">
      <button
        type="button"
        onClick={() => setOpen(true)}
        className="state flex min-h-7 w-full items-center px-2 text-left text-meta text-fg-3 hover:bg-hover pointer-coarse:min-h-10"
      >
        {t("errors.otherFrames", { count: frames.length })}
      </button>
    </li>
  );
}

function Frame({ frame: f, open: initially = false }: { frame: ErrorFrame; open?: boolean }) {
  const [open, setOpen] = useState(initially);
  const place = f.module || f.file || f.path || f.package || "";
  const lines = [
    ...(f.pre ?? []).map((text, i) => ({ n: (f.line ?? 0) - (f.pre?.length ?? 0) + i, text, at: false })),
    ...(f.context ? [{ n: f.line ?? 0, text: f.context, at: true }] : []),
    ...(f.post ?? []).map((text, i) => ({ n: (f.line ?? 0) + 1 + i, text, at: false })),
  ];
  const vars = f.vars && typeof f.vars === "object" ? Object.entries(f.vars) : [];
  const more = lines.length > 0 || vars.length > 0 || f.minified !== undefined;
  const head = (
    <>
      <Icon
        of={ChevronRight}
        size={13}
        className={cx("flex-none text-fg-3", open && "rotate-90", !more && "invisible")}
      />
      <span data-user="" className={cx("id min-w-0 truncate", f.in_app ? "font-550" : "text-fg-3")}>
        {f.function || "?"}
      </span>
      <span
        data-user=""
        className="id ml-auto max-w-[60%] flex-none truncate text-fg-3"
        dir="rtl"
        title={f.path}
      >
        <bdi>
          {place}
          {f.line ? `:${f.line}` : ""}
        </bdi>
      </span>
    </>
  );
  return (
    <li className="min-w-0 border-line not-first:border-t">
      {more ? (
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="state flex min-h-8 w-full items-center gap-1.5 px-2 text-left text-dense hover:bg-hover pointer-coarse:min-h-10"
        >
          {head}
        </button>
      ) : (
        <div className="flex min-h-8 items-center gap-1.5 px-2 text-dense">{head}</div>
      )}
      {open ? (
        <div className="grid grid-cols-1 gap-1 border-line border-t bg-canvas pb-1">
          {lines.length ? (
            <ScrollRegion label={t("errors.frame", { place, line: f.line ?? 0 })} className="overflow-x-auto">
              <pre data-user="" className="id w-max min-w-full py-1 leading-[18px]">
                {lines.map((l) => (
                  <span
                    key={l.n}
                    className={cx("block px-2", l.at ? "bg-degraded-soft font-550 text-fg" : "text-fg-2")}
                  >
                    <span className="mr-3 inline-block w-9 text-right text-fg-3 select-none">{l.n}</span>
                    {l.text || " "}
                  </span>
                ))}
              </pre>
            </ScrollRegion>
          ) : null}
          {f.minified ? (
            <p data-user="" className="truncate px-2 text-meta text-fg-3">
              {t("errors.wasAt", {
                place: `${f.minified.function || "?"} ${f.minified.file ?? ""}:${f.minified.line}:${f.minified.column}`,
              })}
            </p>
          ) : null}
          {vars.length ? (
            <dl
              data-user=""
              aria-label={t("errors.vars")}
              className="id grid grid-cols-[minmax(60px,max-content)_minmax(0,1fr)] gap-x-3 px-2"
            >
              {vars.map(([name, value]) => (
                <div key={name} className="contents">
                  <dt className="text-fg-3">{name}</dt>
                  <dd className="[overflow-wrap:anywhere]">
                    {typeof value === "string" ? value : JSON.stringify(value)}
                  </dd>
                </div>
              ))}
            </dl>
          ) : null}
        </div>
      ) : null}
    </li>
  );
}
