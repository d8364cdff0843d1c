// Measures how long the document has been visible and focused.
// One script serves one document, so its state is the module's.

let total = 0;
let since = 0;
let running = false;

/** Starts or stops the clock, by the state of the document unless told. */
export function syncEngagement(
  // Asked for, not taken from the event: when focus moves into an embedded frame the window is blurred, yet the
  // document still has the focus.
  run = !document.hidden && document.hasFocus(),
): void {
  const now = performance.now();
  if (running) {
    total += now - since;
  }
  since = now;
  running = run;
}

export function resetEngagement(): void {
  syncEngagement();
  total = 0;
}

/** Engaged time so far, in whole milliseconds. */
export function engagedMs(): number {
  syncEngagement(running);
  return Math.round(total);
}
