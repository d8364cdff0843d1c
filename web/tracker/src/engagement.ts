export interface Engagement {
  /** Starts or stops the clock by the state of the document. */
  sync(): void;
  stop(): void;
  reset(): void;
  /** Engaged time so far, in whole milliseconds. */
  ms(): number;
}

/** Measures how long the document has been visible and focused. */
export function createEngagement(): Engagement {
  let total = 0;
  let runningSince = 0;
  let running = false;

  function turn(on: boolean): void {
    const now = performance.now();
    if (running) {
      total += now - runningSince;
    }
    runningSince = now;
    running = on;
  }
  function sync(): void {
    // Asked for, not taken from the event: when focus moves into an embedded frame the window is blurred, yet
    // the document still has the focus.
    turn(document.visibilityState === "visible" && document.hasFocus());
  }
  return {
    sync,
    stop: () => turn(false),
    reset() {
      sync();
      total = 0;
    },
    ms() {
      turn(running);
      return Math.round(total);
    },
  };
}
