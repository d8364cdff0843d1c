import type { Conversion } from "@microtracker/client/conversions";
import { EventType } from "@microtracker/client/tracking";

/** What the form of a conversion holds, as it is typed. */
export type ConversionValues = Pick<
  Conversion,
  "name" | "eventType" | "eventName" | "pathPattern" | "propertyKey" | "propertyValue" | "value"
>;

export const newConversion: ConversionValues = {
  name: "",
  eventType: EventType.UNSPECIFIED,
  eventName: "",
  pathPattern: "",
  propertyKey: "",
  propertyValue: "",
  value: "",
};

/** What is typed, as it is sent: without space around it, and an amount with a decimal point. */
export function trimmed(values: ConversionValues): ConversionValues {
  const text = (key: Exclude<keyof ConversionValues, "eventType">) => values[key].trim();
  return {
    name: text("name"),
    eventType: values.eventType,
    eventName: text("eventName"),
    pathPattern: text("pathPattern"),
    propertyKey: text("propertyKey"),
    propertyValue: text("propertyValue"),
    value: text("value").replace(/^(\d+),(\d+)$/, "$1.$2"),
  };
}

/** A field by its name in the proto, and what is wrong with it. */
export type Problem = ["name" | "event_type" | "path_pattern" | "property_key" | "property_value" | "value", "required" | "condition" | "path" | "pair" | "amount"];

/** What the proto's rules would say, in a way that has words in each language; undefined: nothing. */
export function problemOf(values: ConversionValues): Problem | undefined {
  if (values.name === "") return ["name", "required"];
  if (!values.eventType && !values.eventName && !values.pathPattern && !values.propertyKey && !values.propertyValue) return ["event_type", "condition"];
  if (values.pathPattern !== "" && !/^[/*?]/.test(values.pathPattern)) return ["path_pattern", "path"];
  if (values.propertyKey !== "" && values.propertyValue === "") return ["property_value", "pair"];
  if (values.propertyKey === "" && values.propertyValue !== "") return ["property_key", "pair"];
  if (values.value !== "" && !/^\d{1,12}(\.\d{1,6})?$/.test(values.value)) return ["value", "amount"];
  return undefined;
}
