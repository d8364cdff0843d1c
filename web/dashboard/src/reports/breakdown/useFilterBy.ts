import { addCondition, isNotValue, isValue } from "../../lib/filters";
import { useReport } from "../useReport";
import type { View } from "./views";

/** Keeps only what has a value, or everything else, in all reports. An empty value is that of what has none. */
export function useFilterBy() {
  const { conditions, change } = useReport();
  return ({ dimension }: View, value: string, how: "keep" | "leave out" = "keep") => {
    change({ conditions: addCondition(conditions, (how === "keep" ? isValue : isNotValue)(dimension, value)) });
  };
}
