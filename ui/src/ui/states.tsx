import { type ReactNode, useEffect, useState } from "react";
import { ApiError } from "@/api/error";
import { t } from "@/i18n";
import { Button } from "./button";
import { cx } from "./cx";

/** Grey bars in the shape of what comes, drawn only when waiting takes longer than 200 ms. */
export function Skeleton({
  rows = 6,
  height = 14,
  className,
}: {
  rows?: number;
  height?: number;
  className?: string;
}) {
  const late = useLate();
  return (
    <div className={cx("grid gap-3 p-4", className)} role="status">
      <span className="sr-only">{t("common.loading")}</span>
      {late
        ? Array.from({ length: rows }, (_, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: bars without identity
            <div key={i} className="skeleton" style={{ height, width: `${[92, 74, 84, 60][i % 4]}%` }} />
          ))
        : null}
    </div>
  );
}

/** Rows in the shape of a list: a round, two lines and a word at the end, as high as the rows that come. */
export function RowsSkeleton({ rows = 6, height = 36 }: { rows?: number; height?: number }) {
  const late = useLate();
  return (
    <div role="status">
      <span className="sr-only">{t("common.loading")}</span>
      {late
        ? Array.from({ length: rows }, (_, i) => (
            <div
              // biome-ignore lint/suspicious/noArrayIndexKey: bars without identity
              key={i}
              className="flex items-center gap-3 border-line border-t px-3"
              style={{ height }}
            >
              <span className="skeleton size-5 flex-none !rounded-full" />
              <span className="skeleton h-3" style={{ width: `${[46, 32, 54, 38][i % 4]}%` }} />
              <span className="flex-1" />
              <span className="skeleton h-3 w-16 max-sm:hidden" />
            </div>
          ))
        : null}
    </div>
  );
}

/** Cards of the inbox: who and when, a title, how it goes on. */
export function CardsSkeleton({ rows = 8, height = 91 }: { rows?: number; height?: number }) {
  const late = useLate();
  return (
    <div role="status">
      <span className="sr-only">{t("common.loading")}</span>
      {late
        ? Array.from({ length: rows }, (_, i) => (
            <div
              // biome-ignore lint/suspicious/noArrayIndexKey: bars without identity
              key={i}
              className="grid content-center gap-2 border-line border-b pr-3.5 pl-7"
              style={{ height }}
            >
              <span className="flex justify-between">
                <span className="skeleton h-3 w-24" />
                <span className="skeleton h-3 w-9" />
              </span>
              <span className="skeleton h-3.5" style={{ width: `${[82, 64, 90, 58][i % 4]}%` }} />
              <span className="skeleton h-3 w-2/5" />
            </div>
          ))
        : null}
    </div>
  );
}

/** True after 200 ms: what comes sooner needs no placeholder. */
function useLate(): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 200);
    return () => clearTimeout(timer);
  }, []);
  return late;
}

/** Nothing here yet: what will come, and the one thing to do about it. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="mx-auto grid max-w-[56ch] justify-items-center gap-2 px-6 py-12 text-center">
      <h2 className="text-pane font-semibold tracking-[-0.01em]">{title}</h2>
      {children ? <div className="grid w-full gap-3 text-fg-2">{children}</div> : null}
      {action ? <div className="mt-2 flex flex-wrap justify-center gap-2">{action}</div> : null}
    </div>
  );
}

/** What failed, its code, and Retry. */
export function Failure({ error, onRetry, what }: { error: unknown; onRetry?: () => void; what?: string }) {
  return (
    <div role="alert" className="mx-auto grid max-w-[56ch] justify-items-center gap-2 px-6 py-12 text-center">
      <h2 className="text-pane font-semibold">{what ?? t("error.title")}</h2>
      <p className="text-fg-2">{explain(error)}</p>
      <p className="id text-fg-3">{codeOf(error)}</p>
      {onRetry ? (
        <Button onClick={onRetry} className="mt-2">
          {t("common.retry")}
        </Button>
      ) : null}
    </div>
  );
}

/** One sentence for a person: the server's own where there is one. */
export function explain(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.code === "offline") return t("error.offline");
    if (error.detail) return error.detail;
    if (error.status === 403) return t("error.forbidden");
    if (error.status === 404) return t("error.notFound");
    if (error.status >= 500) return t("error.server");
    return error.title || t("error.unknown");
  }
  return t("error.unknown");
}

export const codeOf = (error: unknown): string =>
  error instanceof ApiError ? t("error.code", { code: error.code }) : t("error.code", { code: "ui" });

/** A sentence above a form that says why it was not taken. */
export function FormError({ error }: { error: unknown }) {
  if (!error) return null;
  return (
    <p role="alert" className="rounded-2 bg-critical-soft px-3 py-2 text-dense text-critical">
      {explain(error)}
    </p>
  );
}
