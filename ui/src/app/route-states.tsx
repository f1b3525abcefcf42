import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { isStatus } from "@/api/error";
import { t } from "@/i18n";
import { buttonClass } from "@/ui/button";
import { Empty, Failure, Skeleton } from "@/ui/states";
import { useTitle } from "./title";

export const RouteWait = () => <Skeleton rows={8} />;

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
