import { Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Icon } from "./icon";

/** A field whose text is passed on when the hand rests, so that each letter is no request. */
export function SearchBox({
  label,
  value,
  onSearch,
}: {
  label: string;
  value: string;
  onSearch: (q: string | undefined) => void;
}) {
  const [typed, setTyped] = useState(value);
  const latest = useRef({ value, onSearch });
  const sent = useRef(value);
  useEffect(() => {
    latest.current = { value, onSearch };
  });
  useEffect(() => {
    const timer = setTimeout(() => {
      const q = typed.trim();
      if (q === latest.current.value) return;
      sent.current = q;
      latest.current.onSearch(q || undefined);
    }, 180);
    return () => clearTimeout(timer);
  }, [typed]);
  // Cleared or set from elsewhere: a view was opened, the filters were taken away.
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setTyped(value);
  }, [value]);
  return (
    <span className="flex h-7 w-44 items-center gap-2 rounded-2 border border-control bg-surface px-2 outline-offset-2 outline-focus focus-within:outline-2 pointer-coarse:h-10">
      <Icon of={Search} size={14} className="text-fg-3" />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={typed}
        onChange={(e) => setTyped(e.target.value)}
        className="h-full min-w-0 flex-1 bg-transparent text-dense outline-none"
      />
    </span>
  );
}
