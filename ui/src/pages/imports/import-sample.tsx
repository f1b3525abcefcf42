import type { Import } from "@/api/types";
import { t } from "@/i18n";
import { date } from "@/i18n/format";
import { cx } from "@/ui/cx";
import { Panel } from "@/ui/panel";
import { Tag } from "@/ui/tag";

/** The first rows as they would become feedback, and those that would not with the reason. */
export function ImportSample({ item, busy }: { item: Import; busy: boolean }) {
  return (
    <Panel
      title={t("map.preview")}
      note={t("map.previewNote", { count: (item.sample ?? []).length })}
      className={cx(busy && "opacity-60")}
    >
      <ol aria-busy={busy}>
        {(item.sample ?? []).map((s) => (
          <li
            key={s.row}
            className="grid grid-cols-[36px_minmax(0,1fr)] gap-2 border-line border-t px-3 py-2"
          >
            <span className="id pt-px text-fg-3">{s.row}</span>
            {s.feedback ? <Good feedback={s.feedback} /> : <Bad error={s.error} raw={s.raw ?? {}} />}
          </li>
        ))}
      </ol>
    </Panel>
  );
}

type Input = NonNullable<NonNullable<Import["sample"]>[number]["feedback"]>;

function Good({ feedback: f }: { feedback: Input }) {
  const who = f.author?.name || f.author?.email || f.author?.user_id;
  const attrs = Object.entries(f.attrs ?? {});
  return (
    <div className="grid min-w-0 gap-1">
      {f.title ? <p className="truncate font-550">{f.title}</p> : null}
      <p className="line-clamp-3 text-pretty [overflow-wrap:anywhere]">{f.text}</p>
      <p className="flex min-w-0 flex-wrap gap-1.5 text-meta text-fg-3">
        {who ? <span>{who}</span> : null}
        {f.occurred_at ? <span className="num">{date(f.occurred_at)}</span> : null}
        {f.rating === undefined ? null : <Tag>{t("map.sampleRating", { rating: f.rating })}</Tag>}
        {f.language ? <Tag>{f.language}</Tag> : null}
        {f.app_version ? <Tag>{f.app_version}</Tag> : null}
        {f.channel ? <Tag>{f.channel}</Tag> : null}
        {attrs.slice(0, 4).map(([k, v]) => (
          <Tag key={k} className="max-w-52">
            {k}: {String(v)}
          </Tag>
        ))}
      </p>
    </div>
  );
}

function Bad({ error, raw }: { error: string | undefined; raw: Record<string, unknown> }) {
  return (
    <div className="grid min-w-0 gap-1">
      <p className="text-critical">{error ?? t("map.badRow")}</p>
      <p className="id truncate text-fg-3">{JSON.stringify(raw)}</p>
    </div>
  );
}
