import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { t } from "@/i18n";
import { IconButton } from "./button";
import { ScrollRegion } from "./scroll-region";

/** Text to copy: a command, a secret, an address. */
export function Snippet({ text, label, wrap = false }: { text: string; label: string; wrap?: boolean }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div className="relative rounded-2 border border-line bg-canvas text-left">
      <ScrollRegion label={label} className="overflow-x-auto py-2 pr-10 pl-3">
        <pre
          className={`id leading-[18px] text-fg ${wrap ? "whitespace-pre-wrap [overflow-wrap:anywhere]" : ""}`}
        >
          {text}
        </pre>
      </ScrollRegion>
      <IconButton
        label={copied ? t("common.copied") : t("common.copy")}
        icon={copied ? Check : Copy}
        size={14}
        onClick={copy}
        className="absolute top-1 right-1 bg-canvas"
      />
      <span className="sr-only" aria-live="polite">
        {copied ? t("common.copied") : ""}
      </span>
    </div>
  );
}
