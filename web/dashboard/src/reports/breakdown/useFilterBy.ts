import { Operator } from "@microtracker/client/query";
import { addCondition } from "../../lib/filters";
import { useReport } from "../useReport";
import type { View } from "./views";

/** Keeps only what has a value, or everything else, in all reports. */
export function useFilterBy() {
  const { conditions, change } = useReport();
  return ({ dimension }: View, value: string, operator: Operator = Operator.IS) => {
    change({ conditions: addCondition(conditions, { dimension, propertyKey: "", operator, values: [value] }) });
  };
}
