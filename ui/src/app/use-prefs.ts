import { useSyncExternalStore } from "react";
import { type Prefs, prefs } from "./prefs";

export const usePrefs = (): Prefs => useSyncExternalStore(prefs.subscribe, prefs.get);
