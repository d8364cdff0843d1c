// Runs in the page's head, before anything is painted and before the page's own scripts are there: a file of its own, not inline, because
// of the content security policy, and small, because the page waits for it.
import { askEarly, type Early } from "./lib/early";

try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is switched off: the system's theme holds.
}

const early: Early = new Map();
window.early = early;
askEarly(location, early);
