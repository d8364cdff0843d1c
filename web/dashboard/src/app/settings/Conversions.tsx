import "../../styles/operator.css";
import { createConnectQueryKey, useInfiniteQuery, useMutation } from "@connectrpc/connect-query";
import type { Conversion } from "@microtracker/client/conversions";
import { ReportingService } from "@microtracker/client/reporting";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { dash } from "../../lib/format";
import { locale } from "../../lib/i18n/language";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { Button } from "../../ui/Button";
import { More, Plus } from "../../ui/icons";
import { MenuButton } from "../../ui/MenuButton";
import { Paged } from "../../ui/Paged";
import { Question } from "../../ui/Question";
import { Table } from "../../ui/Table";
import { useTitle } from "../../ui/useTitle";
import { useOpenProject } from "../projects/ProjectLayout";
import { ConversionForm } from "./ConversionForm";
import { useEventTypeName } from "./eventTypes";

type Open = { what: "create" } | { what: "edit" | "remove"; conversion: Conversion };

/** Which events the project calls a conversion. */
export function Conversions() {
  const { t } = useTranslation();
  const project = useOpenProject();
  useTitle(project.name, t("conversions.title"));
  const [open, setOpen] = useState<Open>();
  const queryClient = useQueryClient();
  const query = useInfiniteQuery(
    ReportingService.method.listConversions,
    { projectId: project.id, pageSize: 50, pageToken: "" },
    byPages,
  );
  const conversions = query.data?.pages.flatMap((page) => page.conversions);
  const close = () => setOpen(undefined);
  const reload = () =>
    queryClient.invalidateQueries({
      queryKey: createConnectQueryKey({ schema: ReportingService.method.listConversions, cardinality: undefined }),
    });
  const create = (
    <Button look="primary" onClick={() => setOpen({ what: "create" })}>
      <Plus />
      {t("conversions.create")}
    </Button>
  );
  return (
    <>
      <div className="page-head">
        <h1>{t("conversions.title")}</h1>
        {create}
      </div>
      <p className="muted lead">{t("conversions.intro")}</p>
      <section className="card list-card" aria-label={t("conversions.title")}>
        <Paged query={query} rows={conversions} empty={t("conversions.empty")}>
          {(rows) => (
            <Table
              className="list"
              rows={rows}
              rowKey={({ id }) => String(id)}
              columns={[
                { id: "name", head: t("conversions.colName"), cell: ({ name }) => <bdi className="list-name">{name}</bdi> },
                { id: "rule", head: t("conversions.colRule"), className: "tags-cell", cell: (conversion) => <Rule conversion={conversion} /> },
                { id: "value", head: t("conversions.colValue"), label: t("conversions.colValue"), cell: ({ value }) => amount(value, project.currency) },
                {
                  id: "actions",
                  head: t("conversions.colActions"),
                  headless: true,
                  cell: (conversion) => (
                    <MenuButton
                      label={t("conversions.actions", { name: conversion.name })}
                      menuLabel={t("conversions.actions", { name: conversion.name })}
                      look="quiet"
                      className="icon-button"
                      groups={[
                        { choices: [{ id: "edit", label: t("conversions.edit"), onChoose: () => setOpen({ what: "edit", conversion }) }] },
                        { choices: [{ id: "remove", label: t("conversions.remove"), onChoose: () => setOpen({ what: "remove", conversion }) }] },
                      ]}
                    >
                      <More />
                    </MenuButton>
                  ),
                },
              ]}
            />
          )}
        </Paged>
      </section>
      {open?.what === "create" && <ConversionForm onClose={close} onDone={() => void reload()} />}
      {open?.what === "edit" && <ConversionForm conversion={open.conversion} onClose={close} onDone={() => void reload()} />}
      {open?.what === "remove" && <Remove conversion={open.conversion} onClose={close} onDone={() => void reload()} />}
    </>
  );
}

/** What an event has to have, all of it, to be this conversion. */
function Rule({ conversion }: { conversion: Conversion }) {
  const { t } = useTranslation();
  const typeName = useEventTypeName();
  const { eventType, eventName, pathPattern, propertyKey, propertyValue } = conversion;
  const parts: [label: string, value: ReactNode][] = [];
  if (eventType) parts.push([t("conversions.ruleType"), typeName(eventType)]);
  if (eventName) parts.push([t("conversions.ruleName"), <bdi key="name">{eventName}</bdi>]);
  if (pathPattern) parts.push([t("conversions.rulePath"), <code key="path">{pathPattern}</code>]);
  if (propertyKey) parts.push([t("conversions.ruleProperty"), <bdi key="property">{`${propertyKey} = ${propertyValue}`}</bdi>]);
  return (
    <ul className="rules">
      {parts.map(([label, value]) => (
        <li key={label}>
          <span className="muted">{label}</span>
          {value}
        </li>
      ))}
    </ul>
  );
}

/** A decimal number as an amount of money. A currency that the browser does not know stands beside it. */
function amount(value: string, currency: string): string {
  if (value === "") return dash;
  try {
    return new Intl.NumberFormat(locale, { style: "currency", currency, maximumFractionDigits: 6 }).format(Number(value));
  } catch {
    return `${value} ${currency}`;
  }
}

function Remove({ conversion, onClose, onDone }: { conversion: Conversion; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const remove = useMutation(ReportingService.method.deleteConversion, { onSuccess: onClose, onSettled: onDone });
  return (
    <Question
      title={t("conversions.removeTitle")}
      action={t("conversions.removeDo")}
      error={remove.error}
      pending={remove.isPending}
      onConfirm={() => remove.mutate({ projectId: conversion.projectId, conversionId: conversion.id })}
      onClose={onClose}
    >
      <p>{t("conversions.removeText", { name: conversion.name })}</p>
    </Question>
  );
}
