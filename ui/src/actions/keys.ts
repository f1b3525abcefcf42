/**
 * Keys of actions. A binding is presses separated by blanks ("g i"); a press is modifiers and a key joined
 * by plus ("mod+k", "shift+enter"). "mod" is Command on a Mac and Control elsewhere.
 */

const isMac = (): boolean =>
  typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform || navigator.userAgent);

const caps: Record<string, string> = {
  enter: "↵",
  escape: "Esc",
  arrowup: "↑",
  arrowdown: "↓",
  arrowleft: "←",
  arrowright: "→",
  shift: "⇧",
  alt: "Alt",
  space: "Space",
};

/** The caps to draw for a binding: "mod+k" is "⌘K" or "Ctrl K", "g i" is two caps. */
export function showKeys(binding: string, mac = isMac()): string[] {
  return binding.split(" ").map((press) => {
    const parts = press.split("+").map((p) => {
      if (p === "mod") return mac ? "⌘" : "Ctrl";
      return caps[p] ?? (p.length === 1 ? p.toUpperCase() : p);
    });
    return parts.join(mac || parts.every((p) => p.length === 1) ? "" : " ");
  });
}

interface Press {
  key: string;
  code?: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/**
 * The press as it is written in a binding. Shift is named only where it does not already change the sign:
 * "?" stays "?", but Shift and J is "shift+j".
 */
export function pressOf(e: Press, mac = isMac()): string {
  let key = e.key === " " ? "space" : e.key.toLowerCase();
  if (key === "esc") key = "escape";
  const parts: string[] = [];
  if (mac ? e.metaKey : e.ctrlKey) parts.push("mod");
  if (e.altKey) parts.push("alt");
  const named = key.length > 1 || /\p{L}|\p{N}/u.test(key);
  if (e.shiftKey && named) parts.push("shift");
  parts.push(key);
  return parts.join("+");
}

/** One printable key without Command, Control or Alt: WCAG 2.1.4 wants these to be switchable off. */
export function isSingleKey(binding: string): boolean {
  return binding
    .split(" ")
    .every((p) => !p.includes("mod+") && !p.includes("alt+") && (p.split("+").pop() ?? "").length === 1);
}

/** Whether one binding is the other or its start, so that one of the two can never be reached. */
export function overlap(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b} `) || b.startsWith(`${a} `);
}

const ariaNames: Record<string, string> = {
  mod: "Control",
  shift: "Shift",
  alt: "Alt",
  enter: "Enter",
  escape: "Escape",
  space: "Space",
  arrowup: "ArrowUp",
  arrowdown: "ArrowDown",
  arrowleft: "ArrowLeft",
  arrowright: "ArrowRight",
};

/** The value of aria-keyshortcuts; undefined for a sequence, which it cannot say. */
export function ariaKeys(binding: string, mac = isMac()): string | undefined {
  if (binding.includes(" ")) return undefined;
  return binding
    .split("+")
    .map((p) => (p === "mod" && mac ? "Meta" : (ariaNames[p] ?? p)))
    .join("+");
}

/** Whether what was pressed so far is the binding, the start of it, or neither. */
export function matches(binding: string, pressed: string[]): "full" | "part" | "no" {
  const want = binding.split(" ");
  if (pressed.length > want.length) return "no";
  for (let i = 0; i < pressed.length; i++) if (want[i] !== pressed[i]) return "no";
  return pressed.length === want.length ? "full" : "part";
}
