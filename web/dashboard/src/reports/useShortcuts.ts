import { useEffect, useRef } from "react";

const stored = "shortcuts";

/** Single letters can be in the way of speech input, so they can be switched off. */
export function shortcutsOn(): boolean {
  try {
    return localStorage.getItem(stored) !== "off";
  } catch {
    return true;
  }
}

export function setShortcutsOn(on: boolean): void {
  try {
    if (on) localStorage.removeItem(stored);
    else localStorage.setItem(stored, "off");
  } catch {
    // Storage is switched off, and so nothing can be kept.
  }
}

/** Calls what a key stands for, unless somebody is typing or a dialog or menu is open. */
export function useShortcuts(keys: Record<string, () => void>) {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const action = Object.hasOwn(latest.current, event.key) ? latest.current[event.key] : undefined;
      if (!action || event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target instanceof Element ? event.target : null;
      if (target?.closest("input, textarea, select, [contenteditable]")) return;
      // Esc belongs to whatever is open first.
      if (document.querySelector("[role=dialog], [role=alertdialog], [role=menu], .tooltip")) return;
      // The help stays: the others are switched on again there.
      if (!shortcutsOn() && event.key !== "?") return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}
