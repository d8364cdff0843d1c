import type { MessageInitShape } from "@bufbuild/protobuf";
import { type AdComparisonSchema, type AdConditionSchema, AdDimension } from "@microtracker/client/ad_reports";
import { Operator } from "@microtracker/client/query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { Compare } from "../lib/urlstate";
import { useReport } from "../reports/useReport";
import { type AdFilter, type AdsSearch, type Level, readFilters, readIds } from "./search";

export const dimensionOf: Record<Level, AdDimension> = {
  platform: AdDimension.PLATFORM,
  campaign: AdDimension.CAMPAIGN,
  adset: AdDimension.ADSET,
  ad: AdDimension.AD,
  placement: AdDimension.PLACEMENT,
};

type Condition = MessageInitShape<typeof AdConditionSchema>;

export const toConditions = (filters: AdFilter[]): Condition[] =>
  filters.map(({ level, id }) => ({ dimension: dimensionOf[level], operator: Operator.IS, values: [id] }));

/** What the address asks about ads, ready for a question to the server, and a way to change it. */
export function useAds() {
  const report = useReport();
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as AdsSearch;
  const address = JSON.stringify([search.ad, search.conversion, search.every]);
  const { project, days, compare } = report;
  const own = useMemo(() => {
    const [ad, conversion, every] = JSON.parse(address) as unknown[];
    const filters = readFilters(ad);
    return { filters, conversionIds: readIds(conversion).map(BigInt), everyConversion: every === "1" };
  }, [address]);
  /** The part that all questions about ads share. */
  const asked = useMemo(
    () => ({
      projectId: project.id,
      days,
      conditions: toConditions(own.filters),
      conversionIds: own.conversionIds,
      everyConversion: own.everyConversion,
    }),
    [project.id, days, own],
  );
  const comparison = useMemo(() => comparisonOf(compare), [compare]);
  const changeAds = useCallback(
    (changed: Partial<AdsSearch>, replace = false) => {
      void navigate({
        to: ".",
        search: (before: Record<string, unknown>) => ({ ...before, ...changed }),
        resetScroll: false,
        replace,
      } as Parameters<typeof navigate>[0]);
    },
    [navigate],
  );
  return { ...report, ...own, search, asked, comparison, changeAds };
}

function comparisonOf(compare: Compare): MessageInitShape<typeof AdComparisonSchema> | undefined {
  switch (compare) {
    case "previous":
      return { with: { case: "previousPeriod", value: true } };
    case "year":
      return { with: { case: "yearBefore", value: true } };
    case "none":
      return undefined;
  }
}
