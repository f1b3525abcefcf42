import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import type { ReactNode } from "react";
import type { Feedback } from "@/api/types";
import { usersQuery } from "@/api/workspace";
import { t, word } from "@/i18n";
import { languageName } from "@/i18n/format";
import { Avatar } from "@/ui/avatar";
import { Glyph, Sentiment, Severity, stateOfSeverity } from "@/ui/glyph";
import { Icon } from "@/ui/icon";
import { Fact, Facts } from "@/ui/panel";
import { TimeButton } from "@/ui/time";
import { EditText, PickFact } from "../shared/edit-fact";
import { categories, languages, sentiments, severities } from "../shared/vocabulary";
import type { Verbs } from "./verbs";

export type OpenMenu = "severity" | "category" | "sentiment" | "language" | "assignee" | undefined;

interface Props {
  feedback: Feedback;
  verbs: Verbs;
  menu: OpenMenu;
  onMenu: (menu: OpenMenu) => void;
}

/** The right column: each fact can be corrected where it stands, and that teaches the engine. */
export function FeedbackFacts({ feedback: f, verbs, menu, onMenu }: Props) {
  const people = useQuery({ ...usersQuery, retry: false }).data ?? [];
  const put = (change: Parameters<Verbs["correct"]>[1]) => void verbs.correct(f, change);
  const control = (name: NonNullable<OpenMenu>) => ({
    open: menu === name,
    onOpenChange: (open: boolean) => onMenu(open ? name : undefined),
  });
  return (
    <aside
      aria-label={t("facts.title")}
      className="min-w-0 border-line max-lg:border-t lg:overflow-y-auto lg:border-l"
    >
      <Group title={t("facts.triage")}>
        <Facts>
          <Fact name={t("facet.severity")}>
            <PickFact
              {...control("severity")}
              name={t("facet.severity")}
              shown={<Severity level={f.severity} />}
              confidence={f.severity_confidence}
              value={f.severity}
              onPick={(severity) => put({ severity })}
              options={severities.map((s, i) => ({
                value: s,
                keys: String(i + 1),
                label: (
                  <>
                    <Glyph state={stateOfSeverity(s)} />
                    {word("severity.long", s)}
                  </>
                ),
              }))}
            />
          </Fact>
          <Fact name={t("facet.category")}>
            <PickFact
              {...control("category")}
              name={t("facet.category")}
              shown={word("category", f.category)}
              confidence={f.category_confidence}
              value={f.category}
              onPick={(category) => put({ category })}
              options={categories.map((c) => ({ value: c, label: word("category", c) }))}
            />
          </Fact>
          <Fact name={t("facet.sentiment")}>
            <PickFact
              {...control("sentiment")}
              name={t("facet.sentiment")}
              shown={<Sentiment label={f.sentiment} />}
              value={f.sentiment}
              onPick={(sentiment) => put({ sentiment })}
              options={sentiments.map((s) => ({ value: s, label: <Sentiment label={s} /> }))}
            />
          </Fact>
          {f.emotion ? <Fact name={t("facet.emotion")}>{word("emotion", f.emotion)}</Fact> : null}
          <Fact name={t("facet.area")}>
            <EditText name={t("facet.area")} value={f.area} onSave={(area) => put({ area })} />
          </Fact>
          <Fact name={t("facet.language")}>
            <PickFact
              {...control("language")}
              name={t("facet.language")}
              shown={languageName(f.language)}
              confidence={f.triage?.language.confidence}
              value={f.language}
              onPick={(language) => put({ language })}
              options={languages.map((code) => ({ value: code, label: languageName(code) }))}
            />
          </Fact>
          <Fact name={t("facet.assignee")}>
            <PickFact
              {...control("assignee")}
              name={t("facet.assignee")}
              shown={
                f.assignee ? (
                  <Person name={f.assignee.name} />
                ) : (
                  <span className="text-fg-3">{t("common.nobody")}</span>
                )
              }
              value={f.assignee?.id ?? ""}
              onPick={(assignee_id) => put({ assignee_id })}
              options={[
                { value: "", label: t("common.nobody") },
                ...people.map((p) => ({ value: p.id, label: <Person name={p.name} /> })),
              ]}
            />
          </Fact>
          <Fact name={t("facet.tag")}>
            <EditText
              name={t("facet.tag")}
              value={f.tags.join(", ")}
              onSave={(text) =>
                put({
                  tags: text
                    .split(",")
                    .map((x) => x.trim())
                    .filter(Boolean),
                })
              }
            />
          </Fact>
        </Facts>
      </Group>
      <Group title={t("facts.context")}>
        <Facts>
          <Fact name={t("facts.occurred")}>
            <TimeButton at={f.occurred_at} />
          </Fact>
          <Fact name={t("facts.received")}>
            <TimeButton at={f.received_at} />
          </Fact>
          <Fact name={t("facet.channel")}>{word("channel", f.channel)}</Fact>
          {f.app_version ? <Fact name={t("facet.version")}>{f.app_version}</Fact> : null}
          {f.url ? (
            <Fact name={t("facts.url")}>
              <PageLink url={f.url} />
            </Fact>
          ) : null}
          {f.external_id ? (
            <Fact name={t("facts.external")}>
              <span className="id truncate">{f.external_id}</span>
            </Fact>
          ) : null}
          {f.author.email ? (
            <Fact name={t("facts.email")}>
              <span className="truncate">{f.author.email}</span>
            </Fact>
          ) : null}
          {f.author.person_id ? (
            <Fact name={t("facts.person")}>
              <Link
                to="/people/$personId"
                params={{ personId: f.author.person_id }}
                className="link truncate"
              >
                {t("facts.samePerson")}
              </Link>
            </Fact>
          ) : null}
        </Facts>
      </Group>
    </aside>
  );
}

export function Group({ title, note, children }: { title: string; note?: ReactNode; children: ReactNode }) {
  return (
    <section className="border-line border-b px-4 pt-3 pb-3 last:border-b-0">
      <h3 className="mb-[7px] flex items-center gap-1.5 text-[12px] font-semibold">
        {title}
        {note ? <span className="ml-auto font-[450] text-fg-3">{note}</span> : null}
      </h3>
      {children}
    </section>
  );
}

export const Person = ({ name }: { name: string }) => (
  <span className="inline-flex min-w-0 items-center gap-1.5">
    <Avatar name={name} small />
    <span className="truncate">{name}</span>
  </span>
);

/** Only a web address is a link; anything else is shown as the text it is. */
function PageLink({ url }: { url: string }) {
  if (!/^https?:\/\//i.test(url)) return <span className="id truncate">{url}</span>;
  return (
    <a
      href={url}
      target="_blank"
      rel="noreferrer noopener"
      className="link inline-flex min-w-0 items-center gap-1"
    >
      <span className="truncate">{url.replace(/^https?:\/\//i, "")}</span>
      <Icon of={ExternalLink} size={11} />
    </a>
  );
}
