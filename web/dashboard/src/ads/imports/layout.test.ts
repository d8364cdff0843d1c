import { create } from "@bufbuild/protobuf";
import { SpendLayoutSchema } from "@microtracker/client/spend";
import { expect, test } from "vitest";
import { fromDraft, missingFields, plainLayout, sameDraft, setColumn, toDraft } from "./layout";

const layout = create(SpendLayoutSchema, {
  platform: "google",
  encoding: "utf-8",
  delimiter: ",",
  headerLine: 3,
  columns: [
    { field: "date", column: 0 },
    { field: "spend", column: 4 },
    { field: "no field of ours", column: 5 },
  ],
});

test("a draft says by column what it holds, and goes back as it came", () => {
  const draft = toDraft(layout);
  expect([...draft.columns]).toEqual([
    [0, "date"],
    [4, "spend"],
  ]);
  expect(create(SpendLayoutSchema, fromDraft(draft))).toEqual({ ...layout, columns: layout.columns.slice(0, 2) });
});

test("a field is in one column alone", () => {
  const moved = setColumn(toDraft(layout), 2, "spend");
  expect([...moved.columns]).toEqual([
    [0, "date"],
    [2, "spend"],
  ]);
  expect([...setColumn(moved, 0, undefined).columns]).toEqual([[2, "spend"]]);
});

test("the same layout is the same in whatever order its columns were chosen", () => {
  const draft = toDraft(layout);
  const again = setColumn(setColumn(draft, 0, undefined), 0, "date");
  expect(sameDraft(draft, again)).toBe(true);
  expect(sameDraft(draft, { ...draft, delimiter: ";" })).toBe(false);
});

test("what is missing is what no row can do without", () => {
  const draft = toDraft(layout);
  expect(missingFields(draft)).toEqual(["campaign_id", "adset_id", "ad_id", "impressions", "clicks"]);
  expect(missingFields({ ...draft, platform: "" })).toContain("platform");
  expect(missingFields(setColumn({ ...draft, platform: "" }, 1, "platform"))).not.toContain("platform");
});

test("a file whose titles say nothing is read by its beginning", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  expect(plainLayout(bytes("a;b;c\n1,5;2;3\n"))).toMatchObject({ encoding: "utf-8", delimiter: ";", headerLine: 1 });
  expect(plainLayout(bytes("a\tb\n1\t2\n")).delimiter).toBe("\t");
  expect(plainLayout(bytes("one"))).toMatchObject({ delimiter: "," });
  expect(plainLayout(new Uint8Array([0xff, 0xfe, 0x61, 0, 0x7c, 0, 0x62, 0]))).toMatchObject({ encoding: "utf-16le", delimiter: "|" });
});
