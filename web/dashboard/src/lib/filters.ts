import type { MessageInitShape } from "@bufbuild/protobuf";
import { Dimension, type FilterSchema, Operator } from "@microtracker/client/query";

/** One condition of a report's filter, as the reader adds and removes them. All of them hold together. */
export interface Condition {
  dimension: Dimension;
  /** With Dimension.PROPERTY: the property's name. Else empty. */
  propertyKey: string;
  operator: Operator;
  /** With Operator.PRESENT: it is not there. */
  absent?: true;
  /** None with Operator.PRESENT. */
  values: string[];
}

/** More would fit into no address, and the server takes 50. */
export const maxConditions = 20;

const longestValue = 500;

/** The word of a dimension in the address: "utm_source". */
export const dimensionName = (dimension: Dimension) => Dimension[dimension].toLowerCase();

/** The words of the operators in the address. */
export const verbs = ["is", "is_not", "contains", "starts_with", "matches", "present", "absent"] as const;
export type Verb = (typeof verbs)[number];

export const verbOf = ({ operator, absent }: Pick<Condition, "operator" | "absent">): Verb => (absent ? "absent" : (Operator[operator].toLowerCase() as Verb));

/** The part of a condition that a word stands for. */
export const operatorOf = (verb: Verb): Pick<Condition, "operator" | "absent"> =>
  verb === "absent" ? { operator: Operator.PRESENT, absent: true } : { operator: Operator[verb.toUpperCase() as "IS"] };

/** Keeps what has a value; where it is empty, what has none. */
export const isValue = (dimension: Dimension, value: string): Condition =>
  value ? { dimension, propertyKey: "", operator: Operator.IS, values: [value] } : { dimension, propertyKey: "", ...operatorOf("absent"), values: [] };

/** Keeps everything else. */
export const isNotValue = (dimension: Dimension, value: string): Condition => ({
  dimension,
  propertyKey: "",
  operator: value ? Operator.IS_NOT : Operator.PRESENT,
  values: value ? [value] : [],
});

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
export function formatCondition({ dimension, propertyKey, values, ...how }: Condition): string {
  const name = dimensionName(dimension) + (propertyKey && `.${escape(propertyKey, /[\\:]/g)}`);
  const head = `${name}:${verbOf(how)}`;
  return values.length === 0 ? head : `${head}:${values.map((value) => escape(value, /[\\|]/g)).join("|")}`;
}

/** Reads what formatCondition wrote; undefined for anything else. */
export function parseCondition(text: string): Condition | undefined {
  const [what = "", how = "", values] = split(text, ":", 3);
  const dot = what.indexOf(".");
  const dimension = named<Dimension>(Dimension, dot < 0 ? what : what.slice(0, dot));
  const propertyKey = dot < 0 ? "" : unescape(what.slice(dot + 1));
  const verb = verbs.find((one) => one === how);
  if (dimension === undefined || ofTime.has(dimension) || !verb) return undefined;
  if ((dimension === Dimension.PROPERTY) !== (propertyKey !== "") || propertyKey.length > 100) return undefined;
  const all = values === undefined ? [] : split(values, "|", 100).map(unescape);
  const { operator, absent } = operatorOf(verb);
  if ((operator === Operator.PRESENT) !== (all.length === 0) || all.some((value) => value === "" || value.length > longestValue)) return undefined;
  return { dimension, propertyKey, operator, ...(absent && { absent }), values: all };
}

/** The conditions as the server takes them; undefined: keep everybody. */
export function toFilter(conditions: Condition[]): MessageInitShape<typeof FilterSchema> | undefined {
  if (conditions.length === 0) return undefined;
  const filters = conditions.map(({ absent, ...value }) => {
    const condition = { node: { case: "condition" as const, value } };
    return absent ? { node: { case: "not" as const, value: condition } } : condition;
  });
  return { node: { case: "all", value: { filters } } };
}

/** Adds a condition. A further value for the same question widens the condition that is there: "is a or b". */
export function addCondition(conditions: Condition[], added: Condition): Condition[] {
  const at = conditions.findIndex(
    (c) => c.dimension === added.dimension && c.propertyKey === added.propertyKey && verbOf(c) === verbOf(added),
  );
  const before = conditions[at];
  if (!before) return [...conditions, added].slice(0, maxConditions);
  const values = [...new Set([...before.values, ...added.values])];
  return conditions.with(at, { ...before, values });
}
