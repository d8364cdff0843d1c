import { useSyncExternalStore } from "react";

export type ThemeChoice = "system" | "light" | "dark";

const darkSystem = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function subscribe(listener: () => void) {
  listeners.add(listener);
  darkSystem.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    darkSystem.removeEventListener("change", listener);
  };
}

function choice(): ThemeChoice {
  const theme = document.documentElement.dataset.theme;
  return theme === "light" || theme === "dark" ? theme : "system";
}

/** Keeps the choice for this browser; head.ts applies it before the next first paint. */
export function setTheme(theme: ThemeChoice) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch {
    // Storage is switched off: the choice holds for this page.
  }
  for (const listener of listeners) listener();
}

export const useThemeChoice = () => useSyncExternalStore(subscribe, choice);

/** What is on screen now, for canvases that cannot read CSS. */
export const useTheme = () =>
  useSyncExternalStore(subscribe, () => {
    const chosen = choice();
    return chosen === "system" ? (darkSystem.matches ? "dark" : "light") : chosen;
  });
