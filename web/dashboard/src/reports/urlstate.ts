import { type ReportSearch, validateReportSearch } from "../lib/urlstate";
import { isViewName, type ViewName } from "./breakdown/views";

/** What the overview keeps in the address: the report, and whose details are open. */
export interface OverviewSearch extends ReportSearch {
  details?: ViewName;
}

export function validateOverviewSearch(search: Record<string, unknown>): OverviewSearch {
  return { ...validateReportSearch(search), ...(isViewName(search.details) && { details: search.details }) };
}
