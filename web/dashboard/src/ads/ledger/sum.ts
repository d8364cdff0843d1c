import { type AdKey, LedgerReason_Kind as ReasonKind, type LedgerRow, LedgerStep_Kind as StepKind } from "@microtracker/client/ad_reports";
import { addDecimals, type Decimal } from "../values";

export interface Reason {
  kind: ReasonKind;
  detail: string;
  count: number;
  /** Known of the platform or the project alone, not of these ads. */
  ofAllAds: boolean;
}

export interface Step {
  kind: StepKind;
  count: number;
  /** How many of the step before did not get here; less than 0 where there are more. */
  lost: number;
  reasons: Reason[];
}

/** Rows of the ledger added up. */
export interface LedgerSum {
  steps: Step[];
  spend: Decimal;
  revenue: Decimal;
  conversions: number;
}

const order = [StepKind.CLICKS, StepKind.LANDED, StepKind.HUMAN, StepKind.ENGAGED, StepKind.SUBMITTED, StepKind.CONVERTED];

/** Of what a reason was counted: each ad tells of the same sessions again, so they count once. */
function scopeOf(row: LedgerRow, kind: ReasonKind): string {
  return kind === ReasonKind.OPTED_OUT ? row.day : `${row.platform}\n${row.day}`;
}

/** Adds up rows of ads and days. */
export function sumLedger(rows: LedgerRow[]): LedgerSum {
  const steps = order.map((kind) => {
    const reasons = new Map<string, Reason>();
    const once = new Map<string, number>();
    let count = 0;
    let lost = 0;
    for (const row of rows) {
      const step = row.steps.find((one) => one.kind === kind);
      if (!step) continue;
      count += Number(step.count);
      lost += Number(step.lost);
      for (const { kind: why, detail, count: many, ofAllAds } of step.reasons) {
        const key = `${why}\n${detail}`;
        const reason = reasons.get(key) ?? { kind: why, detail, count: 0, ofAllAds };
        reasons.set(key, reason);
        if (!ofAllAds) {
          reason.count += Number(many);
          continue;
        }
        const scope = `${key}\n${scopeOf(row, why)}`;
        const counted = once.get(scope) ?? 0;
        reason.count += Math.max(0, Number(many) - counted);
        once.set(scope, Math.max(counted, Number(many)));
      }
    }
    return { kind, count, lost, reasons: [...reasons.values()].sort((a, b) => b.count - a.count) };
  });
  return {
    steps,
    spend: addDecimals(rows.map((row) => row.spend)),
    revenue: addDecimals(rows.map((row) => row.revenue)),
    conversions: rows.reduce((sum, row) => sum + Number(row.conversions), 0),
  };
}

export interface LedgerGroup extends LedgerSum {
  key: string;
  /** Of an ad; undefined where the group is a day. */
  ad?: { platform: string; campaign: AdKey | undefined; adset: AdKey | undefined; ad: AdKey | undefined };
  /** Of a day; undefined where the group is an ad. */
  day?: string;
}

/** The rows by ad, most lost first, or by day, the latest first. */
export function groupLedger(rows: LedgerRow[], by: "ad" | "day"): LedgerGroup[] {
  const groups = new Map<string, LedgerRow[]>();
  for (const row of rows) {
    const key = by === "day" ? row.day : [row.platform, row.campaign?.id, row.adset?.id, row.ad?.id].join("\n");
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  const sums = [...groups].map(([key, all]): LedgerGroup => {
    const { platform, campaign, adset, ad, day } = all[0]!;
    return { key, ...sumLedger(all), ...(by === "day" ? { day } : { ad: { platform, campaign, adset, ad } }) };
  });
  if (by === "day") return sums.sort((a, b) => (a.key < b.key ? 1 : -1));
  // Of each human that clicked and did not stay: what the step before had and engaged has not.
  const lost = ({ steps }: LedgerGroup) => (steps[0]?.count ?? 0) - (steps[3]?.count ?? 0);
  return sums.sort((a, b) => lost(b) - lost(a) || (a.key < b.key ? -1 : 1));
}
