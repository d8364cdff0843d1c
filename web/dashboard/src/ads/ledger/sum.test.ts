import { create } from "@bufbuild/protobuf";
import { LedgerReason_Kind as ReasonKind, LedgerRowSchema, LedgerStep_Kind as StepKind } from "@microtracker/client/ad_reports";
import { expect, test } from "vitest";
import { groupLedger, sumLedger } from "./sum";

const row = (ad: string, day: string, clicks: number, landed: number, spend: string) =>
  create(LedgerRowSchema, {
    platform: "google",
    campaign: { id: "1", name: "Autumn" },
    ad: { id: ad },
    day,
    spend,
    revenue: "1.10",
    conversions: 1n,
    steps: [
      { kind: StepKind.CLICKS, count: BigInt(clicks) },
      {
        kind: StepKind.LANDED,
        count: BigInt(landed),
        lost: BigInt(clicks - landed),
        reasons: [
          { kind: ReasonKind.MACRO, count: 7n, ofAllAds: true },
          { kind: ReasonKind.OPTED_OUT, count: 4n, ofAllAds: true },
        ],
      },
      {
        kind: StepKind.HUMAN,
        count: BigInt(landed - 1),
        lost: 1n,
        reasons: [{ kind: ReasonKind.BOT, detail: "user agent", count: 1n }],
      },
    ],
  });

const rows = [row("a", "2026-10-05", 10, 8, "2.50"), row("b", "2026-10-05", 20, 5, "0.25"), row("a", "2026-10-06", 3, 4, "1.00")];

test("rows add up; what is known of all ads counts once for each platform and day", () => {
  const { steps, spend, revenue, conversions } = sumLedger(rows);
  expect(steps.map(({ count, lost }) => [count, lost])).toEqual([
    [33, 0],
    [17, 16],
    [14, 3],
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  expect(steps[1]!.reasons.map(({ kind, count }) => [kind, count])).toEqual([
    [ReasonKind.MACRO, 14],
    [ReasonKind.OPTED_OUT, 8],
  ]);
  expect(steps[2]!.reasons).toEqual([{ kind: ReasonKind.BOT, detail: "user agent", count: 3, ofAllAds: false }]);
  expect([spend, revenue, conversions]).toEqual(["3.75", "3.30", 3]);
});

test("groups are ads, those that lose most first, or days, the latest first", () => {
  expect(groupLedger(rows, "ad").map(({ ad, spend }) => [ad?.ad?.id, spend])).toEqual([
    ["b", "0.25"],
    ["a", "3.50"],
  ]);
  expect(groupLedger(rows, "day").map(({ day, spend }) => [day, spend])).toEqual([
    ["2026-10-06", "1.00"],
    ["2026-10-05", "2.75"],
  ]);
});
