import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { type Kinds, tryQuery } from "@/api/privacy";
import { t, word } from "@/i18n";
import { Field, Textarea } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { FormError } from "@/ui/states";
import { splitSpans } from "../feedback/spans";

/** A text to try the rules on: what is recognised in it, and what would become of it. */
export function TryPrivacy({ rules }: { rules: Kinds }) {
  const [text, setText] = useState(() => t("privacy.trySample"));
  const asked = useDeferredValue(text);
  const { data, error } = useQuery(tryQuery(asked, rules));
  const parts = data ? splitSpans(asked, data.found) : [];
  return (
    <Panel title={t("privacy.try")} note={<span className="max-sm:hidden">{t("privacy.tryNote")}</span>}>
      <div className="grid gap-3 border-line border-t p-3">
        <Field label={t("privacy.tryText")}>
          {(w) => (
            <Textarea
              {...w}
              rows={4}
              maxLength={20000}
              spellCheck={false}
              value={text}
              onChange={(e) => setText(e.target.value)}
            />
          )}
        </Field>
        <FormError error={error} />
        {data && text.trim() !== "" ? (
          <dl className="grid gap-3">
            <Line name={t("privacy.tryFound")}>
              {data.found.length === 0
                ? t("privacy.tryNothing")
                : parts.map((p) =>
                    p.kind ? (
                      <mark
                        key={p.start}
                        title={word("personal", p.kind)}
                        className="rounded-1 bg-accent-soft px-0.5 text-accent-text"
                      >
                        {p.text}
                      </mark>
                    ) : (
                      <span key={p.start}>{p.text}</span>
                    ),
                  )}
            </Line>
            <Line name={t("privacy.tryStored")}>{data.storage}</Line>
            {data.exports === data.storage ? null : <Line name={t("privacy.tryExport")}>{data.exports}</Line>}
            {data.models === data.storage ? null : <Line name={t("privacy.tryModel")}>{data.models}</Line>}
          </dl>
        ) : null}
      </div>
    </Panel>
  );
}

function Line({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className="grid gap-0.5">
      <dt className="text-meta text-fg-3">{name}</dt>
      <dd data-user="" className="whitespace-pre-wrap [overflow-wrap:anywhere]">
        {children}
      </dd>
    </div>
  );
}
