import { Download, Pause, Play, ZoomOut } from "lucide-react";
import { ActionButton } from "@/actions/action-button";
import { callsFilter, exportPath, usualRange } from "@/api/calls";
import { useNavLaunch } from "@/app/launch";
import { type CallsSearch, callRanges, callsSearch } from "@/app/search";
import { t } from "@/i18n";
import { clockTo, dateTime } from "@/i18n/format";
import { Button, buttonClass } from "@/ui/button";
import { Select } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Menu, MenuItem } from "@/ui/menu";
import { useZone } from "@/ui/time";
import { ViewsMenu } from "../shared/views-menu";
import type { Tail } from "./use-calls";

/** How far back, whether calls come live, saved views, and the calls as a file. */
export function Toolbar({
  search,
  tail,
  onChange,
}: {
  search: CallsSearch;
  tail: Tail;
  onChange: (next: CallsSearch) => void;
}) {
  const { launch } = useNavLaunch();
  const { q, range } = search;
  return (
    <div className="flex flex-wrap items-center gap-2">
      {search.from && search.to ? (
        <FixedRange from={search.from} to={search.to} onOut={() => onChange({ q })} />
      ) : (
        <Select
          aria-label={t("calls.range")}
          className="!h-8 !w-auto !text-dense pointer-coarse:!h-10"
          value={range ?? usualRange}
          onChange={(e) => {
            const next = e.target.value as CallsSearch["range"];
            onChange({ q, range: next === usualRange ? undefined : next });
          }}
          options={callRanges.map((r) => ({ value: r, label: t(`calls.range.${r}`) }))}
        />
      )}
      {tail.can ? <TailButton tail={tail} /> : null}
      {launch ? (
        <ViewsMenu
          launchId={launch.id}
          page="calls"
          search={{ ...search, call: undefined }}
          onOpen={(s) => onChange(callsSearch(s))}
          quiet
        />
      ) : null}
      <Menu
        align="end"
        trigger={
          <button type="button" className={buttonClass("plain", "md", "!h-8")}>
            <Icon of={Download} size={14} />
            <span className="max-sm:sr-only">{t("calls.export")}</span>
          </button>
        }
      >
        {(["csv", "jsonl"] as const).map((format) => (
          <MenuItem key={format} onClick={() => download(exportPath(callsFilter(search), format))}>
            {t(`format.${format}`)}
          </MenuItem>
        ))}
      </Menu>
    </div>
  );
}

/** The browser fetches the file by itself, however large it is. */
function download(path: string) {
  const a = document.createElement("a");
  a.href = path;
  a.download = "";
  a.click();
}

/** A range that was brushed or came with a link, and the way back out of it. */
function FixedRange({ from, to, onOut }: { from: string; to: string; onOut: () => void }) {
  const zone = useZone();
  const same = dateTime(from, zone).slice(0, -5) === dateTime(to, zone).slice(0, -5);
  return (
    <span className="inline-flex h-8 items-center rounded-2 border border-accent bg-accent-soft pl-2 text-dense text-accent-text pointer-coarse:h-10">
      <span className="num">
        <time dateTime={from}>{same ? clockTo("second", from, zone) : dateTime(from, zone)}</time>–
        <time dateTime={to}>{same ? clockTo("second", to, zone) : dateTime(to, zone)}</time>
      </span>
      <Button look="ghost" size="sm" icon={ZoomOut} onClick={onOut} className="ml-1 !text-accent-text">
        {t("calls.zoomOut")}
      </Button>
    </span>
  );
}

function TailButton({ tail }: { tail: Tail }) {
  return (
    <ActionButton action="calls.pause" icon={tail.paused ? Play : Pause} className="!h-8">
      <span
        className="live-dot mx-0.5"
        data-state={tail.paused || !tail.connected ? "stale" : "live"}
        aria-hidden="true"
      />
      {t(tail.paused ? "calls.paused" : "calls.live")}
    </ActionButton>
  );
}
