import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Conversion } from "@microtracker/client/conversions";
import type { FunnelStepSchema } from "@microtracker/client/journeys";
import { Dimension, Operator } from "@microtracker/client/query";
import { EventType } from "@microtracker/client/tracking";
import { type Condition, formatCondition, parseCondition } from "../../lib/filters";

/** What a step asks for: events that meet all conditions, or one of the project's conversions. */
export type Step = { conditions: Condition[] } | { conversionId: bigint };

export const fewestSteps = 2;
export const mostSteps = 10;

const ofEvents = new Set([Dimension.PATH, Dimension.HOSTNAME, Dimension.TITLE, Dimension.EVENT_TYPE, Dimension.EVENT_NAME, Dimension.PROPERTY]);

/** "path:is:/cart", "conversion:12", "event_type:is:click&path:is:/"; a backslash before & makes it a plain character. */
export function formatStep(step: Step): string {
  if ("conversionId" in step) return `conversion:${step.conversionId}`;
  return step.conditions.map((condition) => formatCondition(condition).replaceAll("&", "\\&")).join("&");
}

/** Reads what formatStep wrote; undefined for anything else, and for what is no event's. */
export function parseStep(text: string): Step | undefined {
  const conversion = /^conversion:([1-9]\d{0,17})$/.exec(text);
  if (conversion) return { conversionId: BigInt(conversion[1]!) };
  const parts = text.match(/(?:\\.|[^&\\])+/gs) ?? [];
  const conditions = parts.map(parseCondition).filter((condition) => condition !== undefined && !condition.absent && ofEvents.has(condition.dimension));
  return conditions.length > 0 && conditions.length <= 10 && conditions.length === parts.length ? { conditions: conditions as Condition[] } : undefined;
}

/** The steps in the address that can be read. */
export function parseSteps(texts: string | string[] | undefined): Step[] {
  return [texts ?? []].flat().flatMap((text) => parseStep(text) ?? []).slice(0, mostSteps);
}

const is = (dimension: Dimension, value: string, operator = Operator.IS): Condition => ({ dimension, propertyKey: "", operator, values: [value] });

export const kinds = ["page", "event", "type", "conversion"] as const;
export type Kind = (typeof kinds)[number];

/** A step as its two fields show it. Undefined for one that has more to it. */
export function fieldsOf(step: Step): { kind: Kind; value: string } | undefined {
  if ("conversionId" in step) return { kind: "conversion", value: String(step.conversionId) };
  const [only, more] = step.conditions;
  if (!only || more || only.values.length !== 1) return undefined;
  const value = only.values[0]!;
  if (only.dimension === Dimension.PATH && only.operator === (isPattern(value) ? Operator.MATCHES : Operator.IS)) return { kind: "page", value };
  if (only.operator !== Operator.IS) return undefined;
  if (only.dimension === Dimension.EVENT_NAME) return { kind: "event", value };
  if (only.dimension === Dimension.EVENT_TYPE) return { kind: "type", value };
  return undefined;
}

const isPattern = (path: string) => path.includes("*");

/** The step that two fields say; undefined while the second is empty. */
export function stepOf(kind: Kind, value: string): Step | undefined {
  const text = value.trim().slice(0, 500);
  if (text === "") return undefined;
  switch (kind) {
    case "page":
      return { conditions: [is(Dimension.PATH, text, isPattern(text) ? Operator.MATCHES : Operator.IS)] };
    case "event":
      return { conditions: [is(Dimension.EVENT_NAME, text)] };
    case "type":
      return { conditions: [is(Dimension.EVENT_TYPE, text)] };
    case "conversion":
      return /^[1-9]\d{0,17}$/.test(text) ? { conversionId: BigInt(text) } : undefined;
  }
}

/** The types of events that can be a step, by their words in conditions. */
export const eventTypes = Object.values(EventType)
  .filter((type): type is EventType => typeof type === "number" && type !== EventType.UNSPECIFIED)
  .map((type) => EventType[type].toLowerCase() as Lowercase<Exclude<keyof typeof EventType, "UNSPECIFIED">>);

/** A conversion as conditions. A condition on the path alone would be about page views, so the type is always among them. */
export function conditionsOf({ eventType, eventName, pathPattern, propertyKey, propertyValue }: Conversion): Condition[] {
  const type: Condition =
    eventType === EventType.UNSPECIFIED
      ? { dimension: Dimension.EVENT_TYPE, propertyKey: "", operator: Operator.PRESENT, values: [] }
      : is(Dimension.EVENT_TYPE, EventType[eventType].toLowerCase());
  return [
    type,
    ...(eventName ? [is(Dimension.EVENT_NAME, eventName)] : []),
    ...(pathPattern ? [is(Dimension.PATH, pathPattern, Operator.MATCHES)] : []),
    ...(propertyKey ? [{ ...is(Dimension.PROPERTY, propertyValue), propertyKey }] : []),
  ];
}

/** The steps as the server takes them; undefined where one asks for a conversion that there is not. */
export function toRequest(steps: Step[], conversions: Conversion[]): MessageInitShape<typeof FunnelStepSchema>[] | undefined {
  const all = steps.map((step) => {
    if ("conditions" in step) return { event: step.conditions };
    const conversion = conversions.find(({ id }) => id === step.conversionId);
    return conversion && { event: conditionsOf(conversion) };
  });
  return all.every((step) => step !== undefined) ? all : undefined;
}

/** How long a funnel may take, in seconds, by its word in the address. */
export const windows = { "30m": 1800, "1h": 3600, "1d": 86_400, "7d": 7 * 86_400, "30d": 30 * 86_400, "90d": 90 * 86_400 } as const;
export type WindowName = keyof typeof windows;
export const windowNames = Object.keys(windows) as [WindowName, ...WindowName[]];

/** What a funnel can be broken down by: what a session has. */
export const breakdowns = [
  Dimension.CHANNEL,
  Dimension.SOURCE,
  Dimension.CAMPAIGN,
  Dimension.AD,
  Dimension.UTM_MEDIUM,
  Dimension.ENTRY_PATH,
  Dimension.COUNTRY,
  Dimension.DEVICE,
  Dimension.BROWSER,
  Dimension.OS,
  Dimension.VISITOR_TYPE,
] as const;
