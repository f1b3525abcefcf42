import type { ReactNode } from "react";

/** One of a few values, all of them in sight. */
export function Choice<T extends string>({
  name,
  label,
  hint,
  value,
  options,
  onChange,
}: {
  name: string;
  label: string;
  hint?: ReactNode;
  value: T;
  options: { value: T; label: string; lang?: string }[];
  onChange: (value: T) => void;
}) {
  return (
    <fieldset aria-describedby={hint ? `${name}-hint` : undefined}>
      <legend className="mb-1 text-dense font-medium">{label}</legend>
      <div className="flex flex-wrap gap-x-5">
        {options.map((o) => (
          <label
            key={o.value}
            lang={o.lang}
            className="inline-flex min-h-6 items-center gap-2 pointer-coarse:min-h-10"
          >
            <input
              type="radio"
              name={name}
              className="accent-accent"
              checked={o.value === value}
              onChange={() => onChange(o.value)}
            />
            {o.label}
          </label>
        ))}
      </div>
      {hint ? (
        <p id={`${name}-hint`} className="mt-0.5 max-w-[64ch] text-meta text-fg-3">
          {hint}
        </p>
      ) : null}
    </fieldset>
  );
}
