import { type ComponentProps, type ReactNode, useId } from "react";
import { cx } from "./cx";

const box =
  "w-full rounded-2 border border-control bg-surface text-fg disabled:opacity-60 aria-invalid:border-critical";
export const inputClass = cx(box, "h-8 px-2.5 text-body pointer-coarse:h-10");

interface Wiring {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
}

/** Label, control, hint and error, tied together by ids. */
export function Field({
  label,
  hint,
  error,
  children,
}: {
  label: string;
  hint?: ReactNode;
  error?: string;
  children: (wiring: Wiring) => ReactNode;
}) {
  const id = useId();
  const described = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="text-dense font-medium">
        {label}
      </label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": error ? true : undefined })}
      {hint ? (
        <p id={`${id}-hint`} className="text-meta text-fg-3">
          {hint}
        </p>
      ) : null}
      {error ? (
        <p id={`${id}-error`} className="text-meta text-critical">
          {error}
        </p>
      ) : null}
    </div>
  );
}

export const Input = ({ className, ...rest }: ComponentProps<"input">) => (
  <input className={cx(inputClass, className)} {...rest} />
);

export const Textarea = ({ className, ...rest }: ComponentProps<"textarea">) => (
  <textarea className={cx(box, "px-2.5 py-1.5 text-body", className)} {...rest} />
);

/** The browser's own select: quick, right on phones, known to screen readers. */
export function Select({
  options,
  className,
  ...rest
}: ComponentProps<"select"> & { options: { value: string; label: string }[] }) {
  return (
    <select className={cx(inputClass, "pr-7", className)} {...rest}>
      {options.map((o) => (
        <option key={o.value} value={o.value}>
          {o.label}
        </option>
      ))}
    </select>
  );
}

export function Checkbox({ label, className, ...rest }: ComponentProps<"input"> & { label: ReactNode }) {
  return (
    <label className={cx("inline-flex min-h-6 items-center gap-2", className)}>
      <input type="checkbox" className="size-3.5 accent-accent" {...rest} />
      {label}
    </label>
  );
}
