import { Lazy, lazyCode } from "@/ui/lazy";

const panel = lazyCode(() => import("./trace-panel"), "traces");

/** A trace in short comes when one is looked at, with its words. */
export const TracePart = ({ id }: { id: string }) => <Lazy code={panel} props={{ id }} />;
