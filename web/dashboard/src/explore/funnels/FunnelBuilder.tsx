import type { Conversion } from "@microtracker/client/conversions";
import { Dimension } from "@microtracker/client/query";
import { useEffect, useId, useRef, useState } from "react";
import { dimensionName } from "../../lib/filters";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Close, Plus } from "../../ui/icons";
import { Pick } from "../../ui/Pick";
import { ForeignText } from "../../ui/Text";
import { Toggle } from "../../ui/Toggle";
import { NameField } from "../NameField";
import type { Own } from "../search";
import { useNames } from "../useNames";
import type { funnelOrders, whos } from "./Funnels";
import { breakdowns, eventTypes, fewestSteps, fieldsOf, formatStep, type Kind, kinds, mostSteps, type Step, stepOf, type WindowName, windowNames } from "./steps";
import { useStepText } from "./useStepText";

interface Props {
  steps: Step[];
  conversions: Conversion[];
  who: (typeof whos)[number];
  order: (typeof funnelOrders)[number];
  window: WindowName;
  by: string;
  /** The value of by that stands for no breakdown. */
  none: string;
  onChange: (changed: Own) => void;
}

/** A step as it is being written: it counts once it has a value. */
interface Draft {
  key: number;
  kind: Kind;
  value: string;
  /** More than the fields can show: it stays as it came. */
  fixed?: Step;
}

const textsOf = (drafts: Draft[]) =>
  drafts.flatMap((draft) => {
    const step = draft.fixed ?? stepOf(draft.kind, draft.value);
    return step ? [formatStep(step)] : [];
  });

/** Funnels that every website has, to begin with. */
const examples = [
  { name: "form", steps: ["event_type:is:page_view", "event_type:is:form_start", "event_type:is:form_submit"] },
  { name: "conversion", steps: ["event_type:is:page_view", "event_type:is:click", "event_type:is:conversion"] },
] as const;

/** The steps and how they are counted. Every change goes into the address. */
export function FunnelBuilder({ steps, conversions, who, order, window, by, none, onChange }: Props) {
  const { t } = useTranslation();
  const nextKey = useRef(0);
  const list = useRef<HTMLOListElement>(null);
  const draftsOf = (all: Step[]): Draft[] => {
    const drafts = all.map((step): Draft => ({ key: nextKey.current++, ...(fieldsOf(step) ?? { kind: "page", value: "", fixed: step }) }));
    while (drafts.length < fewestSteps) drafts.push({ key: nextKey.current++, kind: "page", value: "" });
    return drafts;
  };
  const [drafts, setDrafts] = useState(() => draftsOf(steps));
  const address = JSON.stringify(steps.map(formatStep));
  // The address changed by itself, as with the browser's back button.
  useEffect(() => {
    if (JSON.stringify(textsOf(drafts)) !== address) setDrafts(draftsOf(steps));
  }, [address]);

  const put = (next: Draft[]) => {
    setDrafts(next);
    onChange({ step: textsOf(next) });
  };
  const edit = (draft: Draft, changed: Partial<Draft>) => put(drafts.map((one) => (one === draft ? { ...one, ...changed } : one)));
  const move = (index: number, by: number) => {
    const next = [...drafts];
    const [moved] = next.splice(index, 1);
    next.splice(index + by, 0, moved!);
    put(next);
  };
  const remove = (draft: Draft) => {
    const rest = drafts.filter((one) => one !== draft);
    put(rest.length < fewestSteps ? [...rest, { key: nextKey.current++, kind: "page", value: "" }] : rest);
    list.current?.querySelector<HTMLElement>("select, input")?.focus();
  };

  return (
    <Card
      title={t("funnels.steps")}
      explanation={t("funnels.defines.steps")}
      tools={
        steps.length === 0 && (
          <>
            <span className="muted small">{t("funnels.examples.label")}</span>
            {examples.map((example) => (
              <Button key={example.name} onClick={() => onChange({ step: [...example.steps] })}>
                {t(`funnels.examples.${example.name}`)}
              </Button>
            ))}
          </>
        )
      }
    >
      <ol className="steps" ref={list}>
        {drafts.map((draft, index) => (
          <StepFields
            key={draft.key}
            draft={draft}
            number={index + 1}
            conversions={conversions}
            onChange={(changed) => edit(draft, changed)}
            onUp={index > 0 ? () => move(index, -1) : undefined}
            onRemove={drafts.length > fewestSteps || draft.value || draft.fixed ? () => remove(draft) : undefined}
          />
        ))}
      </ol>
      <div className="steps-foot">
        <Button
          look="quiet"
          disabled={drafts.length >= mostSteps}
          onClick={() => {
            setDrafts([...drafts, { key: nextKey.current++, kind: "page", value: "" }]);
          }}
        >
          <Plus />
          {t("funnels.add")}
        </Button>
        <div className="titled-tools">
          <Toggle
            label={t("funnels.who")}
            chosen={who}
            options={[
              { id: "visitor", text: t("funnels.whos.visitor") },
              { id: "session", text: t("funnels.whos.session") },
            ]}
            onChange={(value) => onChange({ who: value === "visitor" ? undefined : value })}
          />
          <Toggle
            label={t("funnels.order")}
            chosen={order}
            options={[
              { id: "any", text: t("funnels.orders.any") },
              { id: "strict", text: t("funnels.orders.strict") },
            ]}
            onChange={(value) => onChange({ order: value === "any" ? undefined : value })}
          />
          <Pick
            label={t("funnels.window")}
            chosen={window}
            options={windowNames.map((id) => ({ id, text: t(`funnels.windows.${id}`) }))}
            onChange={(id) => onChange({ window: id === "1d" ? undefined : id })}
          />
          <Pick
            label={t("funnels.by")}
            chosen={by}
            options={[
              { id: none, text: t("funnels.byNothing") },
              ...breakdowns.map((dimension) => ({ id: dimensionName(dimension), text: t(`dimensions.${dimensionName(dimension)}` as "dimensions.channel") })),
            ]}
            onChange={(id) => onChange({ by: id === none ? undefined : id })}
          />
        </div>
      </div>
    </Card>
  );
}

interface StepProps {
  draft: Draft;
  number: number;
  conversions: Conversion[];
  onChange: (changed: Partial<Draft>) => void;
  onUp: (() => void) | undefined;
  onRemove: (() => void) | undefined;
}

function StepFields({ draft, number, conversions, onChange, onUp, onRemove }: StepProps) {
  const { t } = useTranslation();
  const id = useId();
  const paths = useNames(Dimension.PATH, draft.kind === "page" && !draft.fixed);
  const events = useNames(Dimension.EVENT_NAME, draft.kind === "event");
  const stepText = useStepText(conversions);
  return (
    <li className="step">
      <span className="step-number">{number}</span>
      {draft.fixed ? (
        <span className="step-fixed">
          <ForeignText text={stepText(draft.fixed).text} />
        </span>
      ) : (
        <>
          <label htmlFor={id} className="visually-hidden">
            {t("funnels.kindOf", { number })}
          </label>
          <select id={id} className="input select step-kind" value={draft.kind} onChange={(event) => onChange({ kind: event.target.value as Kind, value: "" })}>
            {kinds.map((kind) => (
              <option key={kind} value={kind}>
                {t(`funnels.kinds.${kind}`)}
              </option>
            ))}
          </select>
          {draft.kind === "page" || draft.kind === "event" ? (
            <NameField
              label={t("funnels.valueOf", { number })}
              value={draft.value}
              names={draft.kind === "page" ? paths.list : events.list}
              placeholder={t(draft.kind === "page" ? "funnels.pagePlaceholder" : "funnels.eventPlaceholder")}
              maxLength={500}
              onCommit={(value) => onChange({ value })}
            />
          ) : (
            <span className="name-field">
              <label htmlFor={`${id}-value`} className="visually-hidden">
                {t("funnels.valueOf", { number })}
              </label>
              <select id={`${id}-value`} className="input select" value={draft.value} onChange={(event) => onChange({ value: event.target.value })}>
                <option value="">{draft.kind === "conversion" && conversions.length === 0 ? t("funnels.noConversions") : t("funnels.choose")}</option>
                {draft.kind === "type"
                  ? eventTypes.map((type) => (
                      <option key={type} value={type}>
                        {t(`explore.types.${type}`)}
                      </option>
                    ))
                  : conversions.map((conversion) => (
                      <option key={String(conversion.id)} value={String(conversion.id)}>
                        {conversion.name}
                      </option>
                    ))}
              </select>
            </span>
          )}
        </>
      )}
      <span className="step-actions">
        <Button look="quiet" aria-label={t("funnels.up", { number })} disabled={!onUp} onClick={onUp}>
          <span aria-hidden="true">↑</span>
        </Button>
        <Button look="quiet" aria-label={t("funnels.remove", { number })} disabled={!onRemove} onClick={onRemove}>
          <Close />
        </Button>
      </span>
    </li>
  );
}
