import { lazyRouteComponent } from "@tanstack/react-router";
import { ApiError } from "@/api/error";

/** Whether the server answers at all: the line is fine, so what is missing was replaced by an update. */
const serverThere = (): Promise<boolean> =>
  fetch("/healthz", { cache: "no-store" }).then(
    (answer) => answer.ok,
    () => false,
  );

/**
 * A page whose code comes with it. When the code cannot be fetched because the line is cut, that is an error
 * with Retry, and what is on the screen stays usable; the router would else load the whole page anew, which
 * shows nothing at all offline. After an update of the server that is still the right thing to do.
 */
export function pageCode<T extends Record<string, unknown>>(load: () => Promise<T>) {
  return lazyRouteComponent(async () => {
    try {
      return await load();
    } catch (cause) {
      if (await serverThere()) throw cause;
      throw new ApiError({ status: 0, code: "offline" }, { cause });
    }
  });
}
