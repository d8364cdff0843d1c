import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { ago, dash, exactTime } from "../../lib/format";

/** A moment as seen from now, with the exact one on hover; a dash where there is none. */
export function When({ at, now }: { at: Timestamp | undefined; now: Date }) {
  if (!at) return <span className="muted">{dash}</span>;
  const date = timestampDate(at);
  return (
    <time dateTime={date.toISOString()} title={exactTime(date)}>
      {ago(date, now)}
    </time>
  );
}
