import { Eye, EyeOff } from "lucide-react";
import { useState } from "react";
import { t } from "@/i18n";
import { IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Field, Input } from "@/ui/field";
import { minPassword, strength } from "./password";

const steps = { empty: 0, short: 1, weak: 1, fair: 2, good: 3 } as const;
const tones = ["bg-muted", "bg-critical-fill", "bg-watch-fill", "bg-ok-fill"];

/** A new password: how strong it is in words and bars, and a way to look at it. */
export function PasswordField({
  label,
  error,
  value,
  onChange,
}: {
  label: string;
  error?: string;
  value: string;
  onChange: (value: string) => void;
}) {
  const [seen, setSeen] = useState(false);
  const how = strength(value);
  return (
    <Field
      label={label}
      error={error}
      hint={
        <span className="grid gap-1">
          <span aria-hidden="true" className="mt-1 grid w-36 grid-cols-3 gap-1">
            {[1, 2, 3].map((step) => (
              <span
                key={step}
                className={cx(
                  "h-1 rounded-[2px]",
                  step <= steps[how] ? cx("bar-fill", tones[steps[how]]) : "bar-rest bg-muted",
                )}
              />
            ))}
          </span>
          <span aria-live="polite">{t(`password.${how}`, { count: minPassword })}</span>
        </span>
      }
    >
      {(w) => (
        <span className="relative block">
          <Input
            {...w}
            required
            type={seen ? "text" : "password"}
            minLength={minPassword}
            maxLength={256}
            autoComplete="new-password"
            className="pr-9"
            value={value}
            onChange={(e) => onChange(e.target.value)}
          />
          <IconButton
            label={t(seen ? "password.hide" : "password.show")}
            icon={seen ? EyeOff : Eye}
            aria-pressed={seen}
            className="absolute top-0.5 right-0.5 pointer-coarse:!top-0 pointer-coarse:!right-0"
            onClick={() => setSeen(!seen)}
          />
        </span>
      )}
    </Field>
  );
}
