import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { createValidator, violationsToProto } from "@bufbuild/protovalidate";
import { ConnectError } from "@connectrpc/connect";

// Loaded with the first form, not before: the validator is the largest library after React.

/** What is wrong with a field: the rule's id ("string.email") and the rule's own words. */
export interface FieldViolation {
  ruleId: string;
  message: string;
}

/** By the top-level field's name as in the proto; "" for the whole message. The first violation of a field wins. */
export type FieldViolations = Record<string, FieldViolation>;

const validator = createValidator();
const [, ViolationsSchema] = violationsToProto([]);

/** Checks a message against the rules in its proto, before it travels. */
export function validate<D extends DescMessage>(
  schema: D,
  init: MessageInitShape<D>,
): { message: MessageShape<D>; violations: FieldViolations } {
  const message = create(schema, init);
  const result = validator.validate(schema, message);
  if (result.kind === "error") throw result.error;
  const violations: FieldViolations = {};
  for (const v of result.kind === "invalid" ? result.violations : []) {
    const first = v.field[0];
    const name = first?.kind === "field" || first?.kind === "oneof" ? first.name : "";
    violations[name] ??= { ruleId: v.ruleId, message: v.message };
  }
  return { message, violations };
}

/** The violations that the server found, from the error's buf.validate.Violations detail. */
export function serverViolations(error: unknown): FieldViolations {
  const violations: FieldViolations = {};
  if (!(error instanceof ConnectError)) return violations;
  for (const detail of error.findDetails(ViolationsSchema)) {
    for (const v of detail.violations) {
      const name = v.field?.elements[0]?.fieldName ?? "";
      violations[name] ??= { ruleId: v.ruleId, message: v.message };
    }
  }
  return violations;
}
