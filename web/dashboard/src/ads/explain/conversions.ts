import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Conversion } from "@microtracker/client/conversions";
import { Dimension, type FilterSchema, HasDone_Who, Operator } from "@microtracker/client/query";
import { EventType } from "@microtracker/client/tracking";
import type { TrackedEvent } from "@microtracker/client/visits";

/** What a project without conversions of its own counts. */
type Rule = Pick<Conversion, "eventType" | "eventName" | "pathPattern" | "propertyKey" | "propertyValue">;
const fallback: Rule = { eventType: EventType.CONVERSION, eventName: "", pathPattern: "", propertyKey: "", propertyValue: "" };

const rulesOf = (conversions: Conversion[]): Rule[] => (conversions.length > 0 ? conversions : [fallback]);

type Filter = MessageInitShape<typeof FilterSchema>;

/** Keeps the sessions with an event that is one of the conversions. A filter has room for 20 of them. */
export function withConversion(conversions: Conversion[]): Filter {
  const filters = rulesOf(conversions)
    .slice(0, 20)
    .map((rule): Filter => {
      const event = [
        ...(rule.eventType ? [is(Dimension.EVENT_TYPE, EventType[rule.eventType].toLowerCase())] : []),
        ...(rule.eventName ? [is(Dimension.EVENT_NAME, rule.eventName)] : []),
        ...(rule.pathPattern ? [{ ...is(Dimension.PATH, rule.pathPattern), operator: Operator.MATCHES }] : []),
        ...(rule.propertyKey ? [{ ...is(Dimension.PROPERTY, rule.propertyValue), propertyKey: rule.propertyKey }] : []),
      ];
      return { node: { case: "hasDone", value: { who: HasDone_Who.SESSION, event } } };
    });
  return { node: { case: "any", value: { filters } } };
}

const is = (dimension: Dimension, value: string) => ({ dimension, operator: Operator.IS, values: [value] });

/** Whether an event is one of the conversions, as the server decides it. */
export function isConversion(event: TrackedEvent, conversions: Conversion[]): boolean {
  return rulesOf(conversions).some(
    (rule) =>
      (!rule.eventType || rule.eventType === event.eventType) &&
      (!rule.eventName || rule.eventName === event.name) &&
      (!rule.pathPattern || matches(rule.pathPattern, event.path)) &&
      (!rule.propertyKey || propertyText(event.meta?.[rule.propertyKey]) === rule.propertyValue),
  );
}

/** * stands for any characters but a slash, ** for any characters, ? for one. */
export function matches(pattern: string, path: string): boolean {
  const source = pattern.replace(/\*\*|[\s\S]/g, (part) => {
    if (part === "**") return "[^]*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^]" : part.replace(/[\\^$.|+()[\]{}]/, "\\$&");
  });
  return new RegExp(`^${source}$`, "u").test(path);
}

function propertyText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}
