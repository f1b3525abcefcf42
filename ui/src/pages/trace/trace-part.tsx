import { useState } from "react";
import { loadArea } from "@/i18n";
import { part } from "@/ui/part";
import { Failure, Skeleton } from "@/ui/states";

/** A trace in short comes when one is looked at, with its words. */
const panel = part(async () => (await Promise.all([import("./trace-panel"), loadArea("traces")]))[0]);

export function TracePart({ id }: { id: string }) {
  const [failed, setFailed] = useState<unknown>();
  const loaded = panel.use(failed === undefined, setFailed);
  if (loaded) return <loaded.TracePanel id={id} />;
  if (failed !== undefined) return <Failure error={failed} onRetry={() => setFailed(undefined)} />;
  return <Skeleton rows={4} className="!p-0" />;
}
