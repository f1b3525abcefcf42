import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { isStatus } from "@/api/error";
import { t } from "@/i18n";
import { buttonClass } from "@/ui/button";
import { Empty, Failure, RowsSkeleton, Skeleton } from "@/ui/states";
import { useTitle } from "./title";

/** A page on its way: its bar and rows, so that nothing jumps when it comes. */
export const RouteWait = () => (
  <main className="flex flex-col">
    <div className="h-11 flex-none border-line border-b" />
    <Skeleton rows={1} height={26} className="px-5 pt-3 pb-0 max-sm:px-3 [&>.skeleton]:!w-52" />
    <div className="p-5 max-sm:px-3">
      <RowsSkeleton rows={9} />
    </div>
  </main>
);

export function NotFound() {
  useTitle(t("notFound.title"));
  return (
    <main className="overflow-auto">
      <h1 className="sr-only">{t("notFound.title")}</h1>
      <Empty
        title={t("notFound.title")}
        action={
          <Link to="/" className={buttonClass("primary")}>
            {t("notFound.home")}
          </Link>
        }
      >
        <p>{t("notFound.text")}</p>
      </Empty>
    </main>
  );
}

export function RouteFailure({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  if (isStatus(error, 404)) return <NotFound />;
  return (
    <main className="overflow-auto">
      <Failure
        error={error}
        onRetry={() => {
          reset();
          void router.invalidate();
        }}
      />
    </main>
  );
}
