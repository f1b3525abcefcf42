import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { channelApi } from "@/api/channels";
import type { Channel, ChannelKind } from "@/api/types";
import { toasts } from "@/app/toasts";
import { type MessageKey, t } from "@/i18n";
import { Button } from "@/ui/button";
import { Checkbox, Field, Input, Select, Textarea } from "@/ui/field";
import { Snippet } from "@/ui/snippet";
import { explain } from "@/ui/states";
import type { Values } from "./channel-form";

const kinds = ["problem", "idea", "question", "praise"];
const languages = ["en", "de", "fr", "es", "it", "pt", "nl", "pl"];
const positions = ["bottom-right", "bottom-left", "top-right", "top-left", "none"];
const themes = ["auto", "light", "dark"];
const emails = ["optional", "required", "off"];

const list = (v: unknown, all: string[]): string[] =>
  Array.isArray(v) ? v : typeof v === "string" && v ? v.split(/[\s,]+/) : all;

interface Props {
  fields: ChannelKind["fields"];
  values: Values;
  /** Names of secrets that are set already. */
  kept: string[];
  error: (field: string) => string | undefined;
  onChange: (next: Values) => void;
}

/** How a widget looks and what it asks for, beside the widget itself on a sample page. */
export default function WidgetSettings({ fields, values, kept, error, onChange }: Props) {
  const set = (name: string) => (v: unknown) => onChange({ ...values, [name]: v });
  const text = (name: string) => (typeof values[name] === "string" ? (values[name] as string) : "");
  const chosen = list(values.kinds, kinds);
  const spoken = list(values.languages, []);
  const toggle = (name: string, all: string[], now: string[], v: string) =>
    set(name)(all.filter((x) => (x === v ? !now.includes(x) : now.includes(x))));
  const choice = (name: string, label: MessageKey, of: string[], word: string) => (
    <Field label={t(label)} error={error(name)}>
      {(w) => (
        <Select
          {...w}
          value={text(name) || (of[0] as string)}
          onChange={(e) => set(name)(e.target.value)}
          options={of.map((value) => ({ value, label: t(`${word}.${value}` as MessageKey) }))}
        />
      )}
    </Field>
  );
  const line = (name: string, label: MessageKey, hint?: MessageKey, placeholder?: string) => (
    <Field label={t(label)} hint={hint ? t(hint) : undefined} error={error(name)}>
      {(w) => (
        <Input
          {...w}
          data-user=""
          maxLength={200}
          placeholder={placeholder}
          value={text(name)}
          onChange={(e) => set(name)(e.target.value)}
        />
      )}
    </Field>
  );
  return (
    <>
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        {choice("position", "widget.position", positions, "widgetPosition")}
        {choice("theme", "widget.theme", themes, "widgetTheme")}
        <Field label={t("widget.colour")} error={error("accent")}>
          {(w) => (
            <Input
              {...w}
              type="color"
              className="!p-1"
              value={text("accent") || fields.find((f) => f.name === "accent")?.placeholder}
              onChange={(e) => set("accent")(e.target.value)}
            />
          )}
        </Field>
        {choice("email", "widget.email", emails, "widgetEmail")}
      </div>
      <fieldset className="grid gap-1">
        <legend className="text-dense font-medium">{t("widget.kinds")}</legend>
        <div className="flex flex-wrap gap-x-4">
          {kinds.map((k) => (
            <Checkbox
              key={k}
              label={t(`widgetKind.${k}` as MessageKey)}
              checked={chosen.includes(k)}
              disabled={chosen.length === 1 && chosen.includes(k)}
              onChange={() => toggle("kinds", kinds, chosen, k)}
            />
          ))}
        </div>
      </fieldset>
      <fieldset className="grid gap-1">
        <legend className="text-dense font-medium">{t("widget.languages")}</legend>
        <div className="flex flex-wrap gap-x-4">
          {languages.map((l) => (
            <Checkbox
              key={l}
              label={<span lang={l}>{new Intl.DisplayNames(l, { type: "language" }).of(l)}</span>}
              checked={!spoken.length || spoken.includes(l)}
              onChange={() => toggle("languages", languages, spoken.length ? spoken : languages, l)}
            />
          ))}
        </div>
      </fieldset>
      <Field label={t("widget.consent")} hint={t("widget.consentHint")} error={error("consent")}>
        {(w) => (
          <Textarea
            {...w}
            rows={2}
            data-user=""
            maxLength={1000}
            value={text("consent")}
            onChange={(e) => set("consent")(e.target.value)}
          />
        )}
      </Field>
      <Preview settings={values} />
      <details>
        <summary className="cursor-pointer text-dense font-medium text-fg-2">{t("widget.more")}</summary>
        <div className="grid gap-4 pt-3">
          {line("label", "widget.label", "widget.labelHint")}
          {line("title", "widget.title", "widget.titleHint")}
          <div className="flex flex-wrap gap-x-4">
            <Checkbox
              label={t("widget.screenshot")}
              checked={values.screenshot !== false}
              onChange={(e) => set("screenshot")(e.target.checked)}
            />
            <Checkbox
              label={t("widget.details")}
              checked={values.details !== false}
              onChange={(e) => set("details")(e.target.checked)}
            />
          </div>
          {line("mask", "widget.mask", "widget.maskHint", ".balance, input")}
          <Field label={t("widget.trace")} hint={t("widget.traceHint")} error={error("trace")}>
            {(w) => (
              <Input
                {...w}
                data-user=""
                placeholder="self, https://api.shop.example"
                value={list(values.trace, []).join(", ")}
                onChange={(e) => set("trace")(e.target.value)}
              />
            )}
          </Field>
          <Signing kept={kept} value={text("signing")} onChange={set("signing")} />
        </div>
      </details>
    </>
  );
}

/** A secret made here, shown once, kept when the form is saved. */
function Signing({
  kept,
  value,
  onChange,
}: {
  kept: string[];
  value: string;
  onChange: (v: string) => void;
}) {
  const make = () =>
    onChange(
      Array.from(crypto.getRandomValues(new Uint8Array(32)), (b) => b.toString(16).padStart(2, "0")).join(""),
    );
  return (
    <div className="grid gap-1">
      <span className="text-dense font-medium">{t("widget.signing")}</span>
      <p className="text-meta text-fg-2">
        {t(
          value
            ? "widget.signingOnce"
            : kept.includes("signing")
              ? "widget.signingKept"
              : "widget.signingHint",
        )}
      </p>
      {value ? <Snippet label={t("widget.signing")} text={value} wrap /> : null}
      <span>
        <Button size="sm" onClick={make}>
          {t(kept.includes("signing") || value ? "widget.signingNew" : "widget.signingMake")}
        </Button>
      </span>
    </div>
  );
}

/** The widget itself, on a page that sends nothing. */
function Preview({ settings }: { settings: Values }) {
  const { signing: _, ...rest } = settings;
  const shown = JSON.stringify({
    ...rest,
    kinds: list(rest.kinds, kinds),
    languages: list(rest.languages, []),
    trace: [],
  });
  const [still, setStill] = useState(shown);
  useEffect(() => {
    const timer = setTimeout(() => setStill(shown), 400);
    return () => clearTimeout(timer);
  }, [shown]);
  return (
    <div className="grid gap-1">
      <span className="text-dense font-medium">{t("widget.preview")}</span>
      <iframe
        // Another address behind the hash alone would not load it again.
        key={still}
        title={t("widget.preview")}
        src={`/w/preview#settings=${encodeURIComponent(still)}`}
        className="h-[640px] w-full rounded-2 border border-line bg-canvas"
      />
    </div>
  );
}

/** Sends one report by the channel, so that its way is seen. */
export function TestWidget({ channel }: { channel: Channel }) {
  const send = useMutation({
    mutationFn: () => channelApi.test(channel.id),
    onSuccess: () => toasts.show(t("widget.tested")),
    onError: (e) => toasts.show(explain(e), { tone: "error" }),
  });
  return (
    <Button size="sm" disabled={send.isPending || !channel.enabled} onClick={() => send.mutate()}>
      {t("widget.test")}
    </Button>
  );
}
