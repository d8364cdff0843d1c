import type { SpendLayout } from "@microtracker/client/spend";

/** What a column may hold. */
export const fields = [
  "date",
  "platform",
  "campaign_id",
  "campaign_name",
  "adset_id",
  "adset_name",
  "ad_id",
  "ad_name",
  "impressions",
  "clicks",
  "spend",
  "currency",
  "end_date",
] as const;
export type Field = (typeof fields)[number];

/** How a file is read, as it is changed: by column what it holds. */
export interface Draft extends Omit<SpendLayout, "$typeName" | "$unknown" | "columns"> {
  columns: Map<number, Field>;
}

/** Without these no row can be kept; the platform may stand in the layout instead. */
const required: Field[] = ["date", "campaign_id", "adset_id", "ad_id", "impressions", "clicks", "spend"];

/** What no column has been found for yet. */
export function missingFields({ columns, platform }: Draft): Field[] {
  const held = new Set(columns.values());
  return [...required, ...(platform ? [] : (["platform"] as const))].filter((field) => !held.has(field));
}

/** How a file is read whose titles say nothing: its beginning tells the encoding and what stands most between the columns. */
export function plainLayout(start: Uint8Array) {
  const encoding = start[0] === 0xff && start[1] === 0xfe ? "utf-16le" : start[0] === 0xfe && start[1] === 0xff ? "utf-16be" : "utf-8";
  const text = new TextDecoder(encoding).decode(start);
  const count = (mark: string) => text.split(mark).length;
  const delimiter = [",", ";", "\t", "|"].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
  return { encoding, delimiter, dateOrder: "ymd", decimalMark: ".", headerLine: 1, columns: [] };
}

const isField = (text: string): text is Field => (fields as readonly string[]).includes(text);

export function toDraft(layout: SpendLayout): Draft {
  const { $typeName: _type, $unknown: _unknown, columns, ...rest } = layout;
  return { ...rest, columns: new Map(columns.flatMap(({ field, column }) => (isField(field) ? [[column, field] as const] : []))) };
}

export function fromDraft({ columns, ...rest }: Draft) {
  return { ...rest, columns: [...columns].map(([column, field]) => ({ column, field })) };
}

/** Gives a column another field, or none: no field is in two columns. */
export function setColumn(draft: Draft, column: number, field: Field | undefined): Draft {
  const columns = new Map([...draft.columns].filter(([at, held]) => at !== column && held !== field));
  if (field) columns.set(column, field);
  return { ...draft, columns };
}

/** Whether both are read alike. */
export function sameDraft(a: Draft, b: Draft): boolean {
  const text = (draft: Draft) => {
    const { columns, ...rest } = draft;
    return JSON.stringify([Object.entries(rest).sort(), [...columns].sort(([x], [y]) => x - y)]);
  };
  return text(a) === text(b);
}
