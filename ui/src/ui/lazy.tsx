import { type ComponentType, useState } from "react";
import { loadArea } from "@/i18n";
import { type Part, part } from "./part";
import { Failure, Skeleton } from "./states";

type Code<P> = Part<{ default: ComponentType<P> }>;

/** The code of a component that comes with the words of an area. */
export const lazyCode = <P,>(
  load: () => Promise<{ default: ComponentType<P> }>,
  area: Parameters<typeof loadArea>[0],
): Code<P> => part(async () => (await Promise.all([load(), loadArea(area)]))[0]);

/** Shows such a component when its code is there; bars in its place until then. */
export function Lazy<P extends object>({ code, props }: { code: Code<P>; props: P }) {
  const [failed, setFailed] = useState<unknown>();
  const loaded = code.use(failed === undefined, setFailed);
  if (loaded) return <loaded.default {...props} />;
  if (failed !== undefined) return <Failure error={failed} onRetry={() => setFailed(undefined)} />;
  return <Skeleton rows={4} className="!p-0" />;
}
