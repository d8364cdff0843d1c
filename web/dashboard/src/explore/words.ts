import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { dash } from "../lib/format";
import { locale } from "../lib/i18n/language";

/** An instant for a spreadsheet: ISO 8601, in UTC. */
export const instant = (at: Timestamp | undefined) => (at ? timestampDate(at).toISOString() : "");

/** Parts that are there, with a dot between them. */
export const joined = (...parts: (string | undefined | false)[]) => parts.filter(Boolean).join(" · ");

/** What a value from outside is called: itself, or a dash where there is none. */
export const orDash = (text: string) => text || dash;

const pair = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

/** A number with at most one decimal. */
export const oneDecimal = (value: number) => pair.format(value);
