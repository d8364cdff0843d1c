import type { Conversion } from "@microtracker/client/conversions";
import { ReportingService } from "@microtracker/client/reporting";
import { EventType } from "@microtracker/client/tracking";
import { useState } from "react";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { SelectField, TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { Modal } from "../../ui/Modal";
import { useOpenProject } from "../projects/ProjectLayout";
import { type ConversionValues, newConversion, problemOf, trimmed } from "./conversionRules";
import { eventTypes, useEventTypeName } from "./eventTypes";

interface Props {
  /** The conversion to change; without it a new one is made. */
  conversion?: Conversion;
  onClose: () => void;
  onDone: () => void;
}

const maskOf: Record<keyof ConversionValues, string> = {
  name: "name",
  eventType: "event_type",
  eventName: "event_name",
  pathPattern: "path_pattern",
  propertyKey: "property_key",
  propertyValue: "property_value",
  value: "value",
};

/** Which events are a conversion, and what one is worth. */
export function ConversionForm({ conversion, onClose, onDone }: Props) {
  const { t } = useTranslation();
  const project = useOpenProject();
  const typeName = useEventTypeName();
  const [values, setValues] = useState<ConversionValues>(conversion ?? newConversion);
  const finish = () => {
    onDone();
    onClose();
  };
  const creation = useRpcForm(ReportingService.method.createConversion, { onDone: finish });
  const change = useRpcForm(ReportingService.method.updateConversion, { onDone: finish });
  const form = conversion ? change : creation;

  const submit = () => {
    const { name, eventType, eventName, pathPattern, propertyKey, propertyValue, value } = trimmed(values);
    const wanted = { name, eventType, eventName, pathPattern, propertyKey, propertyValue, value };
    const problem = problemOf(wanted);
    if (problem) {
      form.refuse(problem[0], t(`conversions.wrong.${problem[1]}`));
    } else if (conversion) {
      const keys = (Object.keys(maskOf) as (keyof ConversionValues)[]).filter((key) => conversion[key] !== wanted[key]);
      if (keys.length === 0) onClose();
      else {
        const updateMask = { paths: keys.map((key) => maskOf[key]) };
        void change.submit({ projectId: project.id, conversionId: conversion.id, ...wanted, updateMask });
      }
    } else {
      void creation.submit({ projectId: project.id, ...wanted });
    }
  };
  const field = (key: Exclude<keyof ConversionValues, "eventType">, name: string) => ({
    value: values[key],
    error: form.fieldErrors[name],
    autoComplete: "off",
    onChange: (event: { target: { value: string } }) => {
      setValues({ ...values, [key]: event.target.value });
      form.clear(name);
    },
  });
  return (
    <Modal title={t(conversion ? "conversions.editTitle" : "conversions.createTitle")} isOpen wide onClose={onClose}>
      <Form form={form} onSubmit={submit}>
        <FormError error={form.formError} />
        <TextField label={t("conversions.name")} hint={t("conversions.nameHint")} autoFocus {...field("name", "name")} />
        <div className="form-pair">
          <SelectField
            label={t("conversions.eventType")}
            value={values.eventType}
            error={form.fieldErrors.event_type}
            onChange={(event) => {
              setValues({ ...values, eventType: Number(event.target.value) });
              form.clear("event_type");
            }}
          >
            <option value={EventType.UNSPECIFIED}>{t("conversions.anyType")}</option>
            {eventTypes.map((type) => (
              <option key={type} value={type}>
                {typeName(type)}
              </option>
            ))}
          </SelectField>
          <TextField label={t("conversions.eventName")} hint={t("conversions.eventNameHint")} optional {...field("eventName", "event_name")} />
        </div>
        <TextField
          label={t("conversions.path")}
          hint={t("conversions.pathHint")}
          optional
          placeholder="/thanks/**"
          spellCheck={false}
          autoCapitalize="none"
          {...field("pathPattern", "path_pattern")}
        />
        <div className="form-pair">
          <TextField label={t("conversions.property")} hint={t("conversions.propertyHint")} optional {...field("propertyKey", "property_key")} />
          <TextField label={t("conversions.propertyValue")} optional {...field("propertyValue", "property_value")} />
        </div>
        <TextField
          label={t("conversions.value", { currency: project.currency })}
          hint={t("conversions.valueHint")}
          optional
          inputMode="decimal"
          {...field("value", "value")}
        />
        <div className="dialog-actions">
          <Button onClick={onClose}>{t("app.cancel")}</Button>
          <Button type="submit" look="primary" pending={form.pending}>
            {t(conversion ? "settings.save" : "conversions.create")}
          </Button>
        </div>
      </Form>
    </Modal>
  );
}
