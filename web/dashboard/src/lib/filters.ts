import type { MessageInitShape } from "@bufbuild/protobuf";
import { Dimension, type FilterSchema, Operator } from "@microtracker/client/query";

/** One condition of a report's filter, as the reader adds and removes them. All of them hold together. */
export interface Condition {
  dimension: Dimension;
  /** With Dimension.PROPERTY: the property's name. Else empty. */
  propertyKey: string;
  operator: Operator;
  /** None with Operator.PRESENT. */
  values: string[];
}

/** More would fit into no address, and the server takes 50. */
export const maxConditions = 20;

const longestValue = 500;

/** The word of a dimension in the address: "utm_source". */
export const dimensionName = (dimension: Dimension) => Dimension[dimension].toLowerCase();
const operatorName = (operator: Operator) => Operator[operator].toLowerCase();

const ofTime = new Set([Dimension.UNSPECIFIED, Dimension.HOUR, Dimension.DAY, Dimension.WEEK, Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR]);

function named<E extends number>(values: Record<string, string | number>, name: string): E | undefined {
  const value = /^[a-z_]+$/.test(name) && Object.hasOwn(values, name.toUpperCase()) ? values[name.toUpperCase()] : undefined;
  return typeof value === "number" ? (value as E) : undefined;
}

/** Cuts at separators without a backslash before them, into so many parts at most; escapes stay. */
function split(text: string, separator: string, most: number): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length && parts.length < most - 1; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === separator) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return [...parts, text.slice(from)];
}

const escape = (text: string, special: RegExp) => text.replace(special, "\\$&");
const unescape = (text: string) => text.replace(/\\(.)/gs, "$1");

/** "source:is:google", "property.plan:is:pro|team"; a backslash before : . | and itself makes it a plain character. */
export function formatCondition({ dimension, propertyKey, operator, values }: Condition): string {
  const name = dimensionName(dimension) + (propertyKey && `.${escape(propertyKey, /[\\:]/g)}`);
  const head = `${name}:${operatorName(operator)}`;
  return values.length === 0 ? head : `${head}:${values.map((value) => escape(value, /[\\|]/g)).join("|")}`;
}

/** Reads what formatCondition wrote; undefined for anything else. */
export function parseCondition(text: string): Condition | undefined {
  const [what = "", how = "", values] = split(text, ":", 3);
  const dot = what.indexOf(".");
  const dimension = named<Dimension>(Dimension, dot < 0 ? what : what.slice(0, dot));
  const propertyKey = dot < 0 ? "" : unescape(what.slice(dot + 1));
  const operator = named<Operator>(Operator, how);
  if (dimension === undefined || ofTime.has(dimension) || !operator) return undefined;
  if ((dimension === Dimension.PROPERTY) !== (propertyKey !== "") || propertyKey.length > 100) return undefined;
  const all = values === undefined ? [] : split(values, "|", 100).map(unescape);
  if ((operator === Operator.PRESENT) !== (all.length === 0) || all.some((value) => value === "" || value.length > longestValue)) return undefined;
  return { dimension, propertyKey, operator, values: all };
}

/** The conditions as the server takes them; undefined: keep everybody. */
export function toFilter(conditions: Condition[]): MessageInitShape<typeof FilterSchema> | undefined {
  if (conditions.length === 0) return undefined;
  return { node: { case: "all", value: { filters: conditions.map((value) => ({ node: { case: "condition" as const, value } })) } } };
}

/** Adds a condition. A further value for the same question widens the condition that is there: "is a or b". */
export function addCondition(conditions: Condition[], added: Condition): Condition[] {
  const at = conditions.findIndex(
    (c) => c.dimension === added.dimension && c.propertyKey === added.propertyKey && c.operator === added.operator,
  );
  const before = conditions[at];
  if (!before) return [...conditions, added].slice(0, maxConditions);
  const values = [...new Set([...before.values, ...added.values])];
  return conditions.with(at, { ...before, values });
}
