import { Outlet, useMatches, useRouterState } from "@tanstack/react-router";
import { Suspense, useEffect, useState } from "react";
import { listenForKeys } from "@/actions/listen";
import { registry } from "@/actions/registry";
import { RowMenu } from "@/actions/row-menu";
import { t } from "@/i18n";
import { dialogPart } from "@/ui/dialog";
import { failedPart } from "@/ui/failed-part";
import { menuPart } from "@/ui/menu";
import { part, warmWhenIdle } from "@/ui/part";
import { popoverPart } from "@/ui/popover";
import { ZoneContext } from "@/ui/time";
import { BottomNav } from "./bottom-nav";
import { useGlobalActions } from "./global-actions";
import { HintBar } from "./hint-bar";
import { useNavLaunch } from "./launch";
import { LiveProvider } from "./live";
import { Nav } from "./nav";
import { OfflineBanner } from "./offline";
import { overlays, useOverlay } from "./overlay";
import { useRememberIssues } from "./recent";
import { Toasts } from "./toast-view";
import { usePrefs } from "./use-prefs";

const palettePart = part(() => import("@/actions/palette"));
const keySheetPart = part(() => import("@/actions/key-sheet"));
const mentionsPart = part(() => import("./mentions"));
const notePart = part(() => import("./note-dialog"));

/** Frame of every page behind the sign-in: navigation, page, hint bar, and what floats above. */
export function Shell() {
  useEffect(listenForKeys, []);
  const { keys, times } = usePrefs();
  useEffect(() => registry.choose(keys), [keys]);
  useEffect(() => warmWhenIdle([menuPart, palettePart, dialogPart, popoverPart, keySheetPart, notePart]), []);
  const compactPage = useMatches({ select: (m) => m.some((x) => x.staticData.compactNav) });
  const wide = usePrefs().wideNav ?? !compactPage;
  const { launch } = useNavLaunch();
  useGlobalActions(wide);
  useFocusOnNavigation();
  useRememberIssues();
  // On a screen on the wall there is nobody to navigate.
  const wall = useRouterState({ select: (s) => (s.location.search as { tv?: string }).tv === "1" });
  return (
    <LiveProvider>
      <ZoneContext value={times === "own" ? undefined : launch?.time_zone}>
        <a
          href="#main"
          className="sr-only z-50 rounded-2 bg-accent px-3 py-2 text-accent-fg focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
        >
          {t("nav.skip")}
        </a>
        <div className="flex h-dvh flex-col">
          <OfflineBanner />
          <div className="flex min-h-0 flex-1">
            {wall ? null : <Nav wide={wide} />}
            <div
              id="main"
              tabIndex={-1}
              className="flex min-h-0 min-w-0 flex-1 flex-col outline-none *:min-h-0 *:flex-1"
            >
              <Suspense>
                <Outlet />
              </Suspense>
            </div>
          </div>
          {wall ? null : (
            <>
              <HintBar />
              <BottomNav />
            </>
          )}
        </div>
        <Toasts />
        <Overlays />
        <RowMenu />
      </ZoneContext>
    </LiveProvider>
  );
}

function Overlays() {
  const open = useOverlay();
  const failed = (why: unknown) => {
    overlays.close();
    failedPart(why);
  };
  const palette = palettePart.use(open === "palette", failed);
  const sheet = keySheetPart.use(open === "keys", failed);
  const mentions = mentionsPart.use(open === "mentions", failed);
  const note = notePart.use(open === "note", failed);
  return (
    <>
      {palette && open === "palette" ? <palette.Palette onClose={overlays.close} /> : null}
      {sheet && open === "keys" ? <sheet.KeySheet onClose={overlays.close} /> : null}
      {mentions && open === "mentions" ? <mentions.Mentions onClose={overlays.close} /> : null}
      {note && open === "note" ? <note.NoteDialog onClose={overlays.close} /> : null}
    </>
  );
}

/** A new page takes the focus, so that reading and tabbing start there and not in the old link. */
function useFocusOnNavigation() {
  const path = useRouterState({ select: (s) => s.location.pathname });
  const [first, setFirst] = useState(path);
  useEffect(() => {
    if (path === first) return;
    setFirst(path);
    const main = document.getElementById("main");
    if (!main?.contains(document.activeElement)) main?.focus({ preventScroll: true });
  }, [path, first]);
}
