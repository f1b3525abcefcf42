import { CloudOff } from "lucide-react";
import { useSyncExternalStore } from "react";
import { t } from "@/i18n";
import { Icon } from "@/ui/icon";

function subscribe(fn: () => void) {
  window.addEventListener("online", fn);
  window.addEventListener("offline", fn);
  return () => {
    window.removeEventListener("online", fn);
    window.removeEventListener("offline", fn);
  };
}

/** Whether the browser has a network at all. */
export const useOnline = (): boolean => useSyncExternalStore(subscribe, () => navigator.onLine);

export function OfflineBanner() {
  const online = useOnline();
  return (
    <div role="status" className={online ? "contents" : "border-line border-b bg-watch-soft text-watch"}>
      {online ? null : (
        <p className="flex items-center justify-center gap-2 px-4 py-1.5 text-dense">
          <Icon of={CloudOff} size={14} />
          {t("live.offline")}
        </p>
      )}
    </div>
  );
}
