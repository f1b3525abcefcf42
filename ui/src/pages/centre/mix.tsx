import type { Pulse } from "@/api/types";
import { t, word } from "@/i18n";
import { number, percent } from "@/i18n/format";
import { Panel } from "@/ui/panel";
import { RowsLink } from "./rows-link";

const most = 8;

/** What the reports of the range are about; each bar leads to them. */
export function Mix({ mix, note }: { mix: Pulse["mix"]; note: string }) {
  const total = mix.reduce((n, m) => n + m.count, 0);
  const top = Math.max(1, ...mix.map((m) => m.count));
  return (
    <Panel title={t("mix.title")} note={note} className="flex-none">
      {mix.length === 0 ? <p className="px-3 pb-3 text-fg-3">{t("mix.none")}</p> : null}
      <ul>
        {mix.slice(0, most).map((m) => (
          <li
            key={m.category}
            className="relative grid h-[27px] grid-cols-[104px_minmax(0,1fr)_36px] items-center gap-2.5 border-line border-t px-3 text-row hover:bg-hover"
          >
            {m.link ? (
              <RowsLink
                link={m.link}
                className="truncate after:absolute after:inset-0 focus-visible:outline-none after:focus-visible:outline-2 after:focus-visible:-outline-offset-2 after:focus-visible:outline-focus"
              >
                {word("category", m.category)}
              </RowsLink>
            ) : (
              <span className="truncate text-fg-3">{t("mix.unread")}</span>
            )}
            <span aria-hidden="true" className="forced-edge block h-2 overflow-hidden rounded-[2px]">
              <span
                className="bar-fill block h-full rounded-[2px] bg-s1/75"
                style={{ width: `${Math.max(1, (m.count / top) * 100)}%` }}
              />
            </span>
            <span className="num text-right text-[12px] text-fg-2" title={percent(m.count / total)}>
              {number(m.count)}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
