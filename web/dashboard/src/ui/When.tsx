import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { ago, dash, exactTime } from "../lib/format";

interface Props {
  at: Timestamp | undefined;
  now: Date;
  /** It cannot be in the future: where it seems so, the clocks differ. */
  past?: boolean;
  /** What stands where there is none. */
  none?: string;
}

/** A moment as seen from now, with the exact one on hover. */
export function When({ at, now, past, none = dash }: Props) {
  if (!at) return <span className="muted">{none}</span>;
  const date = timestampDate(at);
  return (
    <time dateTime={date.toISOString()} title={exactTime(date)}>
      {ago(past && date > now ? now : date, now)}
    </time>
  );
}
