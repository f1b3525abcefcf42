import { prefs } from "@/app/prefs";
import { pressOf } from "./keys";
import { registry } from "./registry";

const typing = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]";
const pressable = "button, a, summary, [role=menuitem], [role=menuitemradio], [role=option]";
const floating = "[role=dialog], [role=alertdialog], [role=menu], [role=listbox]";

/** How long a started sequence ("g" of "g i") waits for its end. */
const patience = 1000;

/** Never takes keys from fields, from an open dialog or menu, or Enter and Space from what they press. */
function mine(e: KeyboardEvent): boolean {
  const target = e.target instanceof Element ? e.target : null;
  const withModifier = e.ctrlKey || e.metaKey;
  if (document.querySelector(floating)) return false;
  if (target?.closest(typing)) return withModifier && e.key.length === 1;
  const presses = e.key === "Enter" || e.key === " ";
  const rowOfList = target?.closest("[data-list-row]");
  if (presses && !withModifier && !rowOfList && target?.closest(pressable)) return false;
  return true;
}

/** Listens on the window; answers how to stop. */
export function listenForKeys(): () => void {
  let pressed: string[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const reset = () => {
    pressed = [];
    clearTimeout(timer);
  };
  const onKey = (e: KeyboardEvent) => {
    if (e.defaultPrevented || e.isComposing || ["Shift", "Control", "Alt", "Meta"].includes(e.key)) return;
    if (!mine(e)) {
      reset();
      return;
    }
    const press = pressOf(e);
    pressed.push(press);
    let found = registry.resolve(pressed, prefs.get().singleKeys);
    if (found.kind === "none" && pressed.length > 1) {
      pressed = [press];
      found = registry.resolve(pressed, prefs.get().singleKeys);
    }
    if (found.kind === "none") {
      reset();
      return;
    }
    e.preventDefault();
    if (found.kind === "run") {
      reset();
      found.action.run();
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(reset, patience);
  };
  window.addEventListener("keydown", onKey);
  return () => {
    reset();
    window.removeEventListener("keydown", onKey);
  };
}
