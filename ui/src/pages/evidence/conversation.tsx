import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Reply } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { useActions } from "@/actions/use-actions";
import { threadApi, threadQuery } from "@/api/evidence";
import { feedbackApi } from "@/api/feedback";
import type { Feedback, ThreadMessage } from "@/api/types";
import { useMe } from "@/app/launch";
import { toasts } from "@/app/toasts";
import { Trans, t, word } from "@/i18n";
import { Avatar } from "@/ui/avatar";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Textarea } from "@/ui/field";
import { explain, FormError } from "@/ui/states";
import { Time } from "@/ui/time";

/** What reporter and team wrote to each other, and the field for a reply (R). */
export function Conversation({ feedback: f }: { feedback: Feedback }) {
  const { data } = useQuery(threadQuery(f.id));
  const mayWork = useMe().permissions.includes("work_feedback");
  const [writing, setWriting] = useState(false);
  const name = f.author.name || f.author.email || t("feedback.report");
  const reach = data?.reach[0];
  useActions([
    {
      id: "item.reply",
      keys: ["r"],
      scope: "item",
      label: t("action.reply"),
      hint: t("hint.reply"),
      icon: Reply,
      when: () => mayWork && data !== undefined,
      run: () => setWriting(true),
    },
  ]);
  if (!data) return null;
  const shown = data.items.filter((m) => m.state !== "cancelled");
  if (!shown.length && !mayWork) return null;
  return (
    <section aria-label={t("thread.title")} className="grid grid-cols-1 gap-2">
      <h3 className="flex items-center gap-2 text-body font-semibold">
        {t("thread.title")}
        {shown.length ? null : <span className="text-dense font-normal text-fg-3">{t("thread.none")}</span>}
        {mayWork && !writing ? (
          <Button size="sm" icon={Reply} className="ml-auto" onClick={() => setWriting(true)}>
            {t("thread.reply")}
          </Button>
        ) : null}
      </h3>
      {shown.length ? (
        <ol className="grid gap-2">
          {shown.map((m) => (
            <Said key={m.id} message={m} />
          ))}
        </ol>
      ) : null}
      {writing ? (
        <ReplyForm
          label={t("thread.replyTo", { name })}
          note={
            !reach
              ? t("thread.unreachable")
              : reach.to
                ? t("thread.goes", { to: reach.to, via: word("via", reach.via) })
                : t("thread.goesPage")
          }
          disabled={!reach}
          send={(text) => threadApi.reply(f.id, { text })}
          keys={[threadQuery(f.id).queryKey, ["timeline"]]}
          onDone={() => setWriting(false)}
        />
      ) : null}
    </section>
  );
}

function Said({ message: m }: { message: ThreadMessage }) {
  const out = m.direction === "out";
  return (
    <li
      className={cx(
        "grid gap-1 rounded-3 border border-line px-3 py-2",
        out ? "ml-6 bg-selected" : "mr-6 bg-surface",
      )}
    >
      <p className="flex flex-wrap items-center gap-x-2 text-meta text-fg-2">
        <Avatar name={m.author.name || m.via} />
        <span data-user="" className="font-550 text-fg">
          {m.author.name || word("via", m.via)}
        </span>
        <span>{word("via", m.via)}</span>
        <span className="ml-auto">
          {m.state === "queued" && m.due_at ? (
            <Trans k="messageState.queued" values={{ time: <Time at={m.due_at} relative /> }} />
          ) : m.state === "sent" && m.sent_at ? (
            <Trans k="messageState.sent" values={{ time: <Time at={m.sent_at} /> }} />
          ) : m.state === "failed" ? (
            <span className="text-critical">
              {t("messageState.failed")} <span data-user="">{m.reason}</span>
            </span>
          ) : (
            <Time at={m.created_at} />
          )}
        </span>
      </p>
      <p data-user="" dir="auto" className="whitespace-pre-wrap [overflow-wrap:anywhere]">
        {m.text}
      </p>
      {m.attachments?.length ? (
        <p data-user="" className="flex flex-wrap gap-2 text-meta">
          {m.attachments.map((a) => (
            <a key={a.id} href={a.url} className="link">
              {a.name}
            </a>
          ))}
        </p>
      ) : null}
      {m.quoted ? (
        <details className="text-meta text-fg-3">
          <summary className="w-fit cursor-pointer">{t("thread.earlier")}</summary>
          <p data-user="" className="whitespace-pre-wrap [overflow-wrap:anywhere]">
            {m.quoted}
          </p>
        </details>
      ) : null}
    </li>
  );
}

/** A reply waits half a minute; Z takes it back until then. */
export function ReplyForm({
  label,
  note,
  disabled,
  send,
  keys,
  onDone,
}: {
  label: string;
  note: string;
  disabled?: boolean;
  send: (text: string) => ReturnType<typeof threadApi.reply>;
  keys: readonly (readonly unknown[])[];
  onDone: () => void;
}) {
  const cache = useQueryClient();
  const [text, setText] = useState("");
  const form = useRef<HTMLFormElement>(null);
  const again = () => Promise.all(keys.map((queryKey) => cache.invalidateQueries({ queryKey })));
  const back = useMutation({
    mutationFn: (id: string) => feedbackApi.undo(id),
    onError: (e) => toasts.show(explain(e), { tone: "error" }),
    onSettled: again,
  });
  const reply = useMutation({
    mutationFn: () => send(text),
    onSuccess: (r) => {
      onDone();
      const said = [t("toast.replied", { count: r.items.length })];
      if (r.unreachable) said.push(t("toast.unreached", { count: r.unreachable }));
      toasts.show(said.join(". "), { undo: () => back.mutate(r.undo_id) });
      return again();
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (text.trim() && !disabled) reply.mutate();
  };
  return (
    <form
      ref={form}
      onSubmit={submit}
      aria-label={label}
      className="grid gap-2 rounded-3 border border-line bg-surface p-3"
    >
      <FormError error={reply.error} />
      <div data-user="" className="text-dense font-medium" aria-hidden="true">
        {label}
      </div>
      <Textarea
        autoFocus
        aria-label={t("thread.field")}
        rows={4}
        dir="auto"
        maxLength={20_000}
        value={text}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) form.current?.requestSubmit();
          if (e.key === "Escape") {
            e.stopPropagation();
            onDone();
          }
        }}
      />
      <p className="flex flex-wrap items-center gap-2 text-meta text-fg-3">
        <span data-user="" className={cx("min-w-0 flex-1", disabled && "text-critical")}>
          {note}
        </span>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button
          type="submit"
          look="primary"
          disabled={disabled || !text.trim() || reply.isPending}
          keys="mod+enter"
        >
          {t("thread.send")}
        </Button>
      </p>
    </form>
  );
}
