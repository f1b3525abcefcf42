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
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 200);
    return () => clearTimeout(timer);
  }, []);
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
