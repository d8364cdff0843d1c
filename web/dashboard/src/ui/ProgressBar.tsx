interface Props {
  label: string;
  /** How much there is, and how much of it is done. */
  all: number;
  done: number;
  /** What of it went wrong. */
  failed?: number;
}

/** How far work is: what is done in one colour, what failed in another. The words stand beside it. */
export function ProgressBar({ label, all, done, failed = 0 }: Props) {
  const share = (part: number) => (all > 0 ? `${(100 * part) / all}%` : "0%");
  return (
    <div className="progress-track" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={all} aria-valuenow={done}>
      <span className="progress-done" style={{ width: share(done) }} />
      {failed > 0 && <span className="progress-failed" style={{ width: share(failed) }} />}
    </div>
  );
}
