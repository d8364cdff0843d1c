import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { useMutation } from "@connectrpc/connect-query";
import { useEffect, useRef, useState } from "react";
import { type ErrorKind, kindOf } from "./errors";
import { useTranslation } from "./i18n/useTranslation";
import type { FieldViolation, FieldViolations } from "./violations";

const loadRules = () => import("./violations");

/** Errors that belong beside a field rather than above the form. */
export type FieldOfReason = Partial<Record<ErrorKind, string>>;

/**
 * A form whose answer is one RPC. The request is checked by the rules in the proto before it is sent, and whatever the
 * server finds is shown beside the same fields.
 */
export function useRpcForm<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  options: { onDone: (response: MessageShape<O>) => void | Promise<void>; fieldOfReason?: FieldOfReason },
) {
  const { t } = useTranslation();
  const describe = useViolationText();
  const mutation = useMutation(method);
  const [fieldErrors, setFieldErrors] = useState<Record<string, string>>({});
  const [formError, setFormError] = useState<unknown>();
  const [checking, setChecking] = useState(false);

  // Fetch the rules while the reader is still typing.
  useEffect(() => void loadRules().catch(() => undefined), []);

  const show = (violations: FieldViolations) => {
    const named = Object.entries(violations).map(([field, v]) => [field, describe(field, v)] as const);
    setFieldErrors(Object.fromEntries(named));
    return named.length > 0;
  };

  const submit = async (init: MessageInitShape<I>) => {
    setFormError(undefined);
    setChecking(true);
    try {
      const rules = await loadRules();
      const { message, violations } = rules.validate(method.input, init);
      if (show(violations)) return;
      try {
        const response = await mutation.mutateAsync(message as MessageInitShape<I>);
        await options.onDone(response);
      } catch (error) {
        const kind = kindOf(error);
        const field = options.fieldOfReason?.[kind];
        if (field) setFieldErrors({ [field]: `${t(`errors.${kind}.title`)}. ${t(`errors.${kind}.hint`)}` });
        else if (!show(rules.serverViolations(error))) setFormError(error);
      }
    } catch (error) {
      setFormError(error);
    } finally {
      setChecking(false);
    }
  };

  // Bring the reader to the first field that needs them, once it is marked.
  const formRef = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (Object.keys(fieldErrors).length === 0) return;
    const { activeElement } = document;
    if (activeElement?.getAttribute("aria-invalid") === "true") return;
    formRef.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [fieldErrors]);

  /** A field's error disappears as soon as the field is edited. */
  const clear = (field: string) => {
    if (fieldErrors[field]) setFieldErrors(({ [field]: _gone, ...rest }) => rest);
  };

  /** Marks a field for a reason that no rule in the proto knows. */
  const refuse = (field: string, text: string) => setFieldErrors({ [field]: text });

  return { formRef, submit, clear, refuse, fieldErrors, formError, pending: checking || mutation.isPending };
}

/** Says a broken rule in the reader's words; rules we have no words for keep their own. */
function useViolationText() {
  const { t } = useTranslation();
  return (field: string, violation: FieldViolation): string => {
    switch (`${field}:${violation.ruleId}`) {
      case "password:string.min_len":
      case "new_password:string.min_len":
        return t("validation.passwordShort");
      case "website_url:string.pattern":
        return t("validation.websiteUrl");
      case "currency:string.pattern":
        return t("validation.currency");
      case "allowed_hostnames:string.pattern":
        return t("validation.hostname");
      case "allowed_hostnames:repeated.unique":
      case "allowed_hostnames:repeated.max_items":
        return t("validation.hostnames");
      case "scope:repeated.min_items":
        return t("validation.noneChosen");
    }
    if (field === "time_zone") return t("validation.timeZone");
    switch (violation.ruleId) {
      case "string.min_len":
      case "required":
        return t("validation.required");
      case "string.max_len":
        return t("validation.tooLong");
      case "string.email":
      case "string.email_empty":
        return t("validation.email");
      case "timestamp.gt_now":
        return t("validation.future");
      default:
        return violation.message;
    }
  };
}
