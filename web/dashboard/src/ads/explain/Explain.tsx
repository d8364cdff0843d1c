import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@connectrpc/connect-query";
import type { ExplainConversionResponse, Touch } from "@microtracker/client/ad_reports";
import { AdsService } from "@microtracker/client/ads";
import { useState } from "react";
import { type Clock, clockIn } from "../../lib/clock";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { CSVButton } from "../../reports/CSVButton";
import { Warning } from "../../reports/Warning";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { ErrorState } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { Pick } from "../../ui/Pick";
import { LinesSkeleton } from "../../ui/Skeleton";
import { Scroll, Table } from "../../ui/Table";
import { ForeignText } from "../../ui/Text";
import { AdsControls } from "../Controls";
import { lookbacks, modelNames, models, readLookback } from "../models";
import { AdsPage } from "../parts";
import { useAds } from "../useAds";
import { keyName, money, platformName, weightText } from "../values";
import { Latest } from "./Latest";

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The way to one conversion. */
export function Explain() {
  const { t } = useTranslation();
  const { search } = useAds();
  const event = typeof search.event === "string" && uuid.test(search.event) ? search.event.toLowerCase() : undefined;
  return (
    <AdsPage title={t("ads.explain.title")} lead={t("ads.explain.lead")}>
      <AdsControls filters={false} />
      <div className="explain">
        <div className="explain-choice">
          <Latest chosen={event} />
          <ById event={event} />
        </div>
        {event ? (
          <Way event={event} />
        ) : (
          <Card flush title={t("ads.explain.way")}>
            <Empty title={t("ads.explain.choose")} text={t("ads.explain.chooseText")} />
          </Card>
        )}
      </div>
    </AdsPage>
  );
}

/** Asks for the id of an event, as it was sent. */
function ById({ event }: { event: string | undefined }) {
  const { t } = useTranslation();
  const { changeAds } = useAds();
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  return (
    <Card flush title={t("ads.explain.byId")}>
      <Form
        className="ads-form"
        onSubmit={() => {
          const id = text.trim();
          if (!uuid.test(id)) return setError(t("ads.explain.idWrong"));
          changeAds({ event: id.toLowerCase(), session: undefined });
        }}
      >
        <TextField
          label={t("ads.explain.id")}
          hint={t("ads.explain.idHint")}
          error={error}
          value={text}
          placeholder={event}
          autoComplete="off"
          spellCheck={false}
          onChange={(changed) => {
            setText(changed.target.value);
            setError(undefined);
          }}
        />
        <Button type="submit">{t("ads.explain.find")}</Button>
      </Form>
    </Card>
  );
}

function Way({ event }: { event: string }) {
  const { t } = useTranslation();
  const { project, conversionIds, search, days, changeAds } = useAds();
  const lookback = readLookback(search.lookback);
  const session = typeof search.session === "string" && /^[1-9]\d{0,17}$/.test(search.session) ? BigInt(search.session) : 0n;
  const query = useQuery(AdsService.method.explainConversion, {
    projectId: project.id,
    eventId: event,
    sessionId: session,
    lookbackDays: Number(lookback),
    conversionIds,
  });
  const { data } = query;
  const clock = clockIn(project.timeZone);
  return (
    <Card flush
      title={t("ads.explain.way")}
      hint={data?.time && t("ads.explain.converted", { when: clock.moment(data.time), value: money.money(data.value, data.currency) })}
      busy={query.isPending}
      tools={
        <>
          <Pick
            label={t("ads.attribution.lookback")}
            options={lookbacks.map((id) => ({ id, text: t("ads.days", { count: Number(id) }) }))}
            chosen={lookback}
            onChange={(id) => changeAds({ lookback: id === "30" ? undefined : id }, true)}
          />
          <CSVButton name={event} days={days} table={data && (() => toFile(data))} />
        </>
      }
      foot={data && t("ads.explain.foot", { zone: project.timeZone })}
    >
      {query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : !data ? (
        <LinesSkeleton rows={6} height={56} />
      ) : (
        <>
          {data.warning && (
            <div className="ads-inset">
              <Warning text={data.warning} />
            </div>
          )}
          {data.touches.length === 0 ? (
            <Empty title={t("ads.explain.untouched")} text={t("ads.explain.untouchedText", { count: data.lookbackDays })} />
          ) : (
            <Scroll className="ads-scroll" label={t("ads.explain.way")}>
              <Table
                className="ads-table explain-table"
                rows={data.touches}
                rowKey={({ sessionId }) => String(sessionId)}
                columns={[
                  {
                    id: "touch",
                    head: t("ads.explain.touch"),
                    cell: (touch, i) => <TouchName touch={touch} number={i + 1} own={touch.sessionId === data.sessionId} clock={clock} />,
                  },
                  ...modelNames.map((model) => ({
                    id: model,
                    head: t(`ads.models.${model}.name`),
                    title: t(`ads.models.${model}.text`),
                    className: "attribution-cell",
                    cell: (touch: Touch) => <Share share={touch.shares.find((one) => one.model === models[model])} currency={data.currency} />,
                  })),
                ]}
              />
            </Scroll>
          )}
        </>
      )}
    </Card>
  );
}

interface TouchProps {
  touch: Touch;
  number: number;
  /** The conversion happened in this session. */
  own: boolean;
  clock: Clock;
}

function TouchName({ touch, number, own, clock }: TouchProps) {
  const { t } = useTranslation();
  const name = keyName(touch.ad) || keyName(touch.adset) || keyName(touch.campaign) || touch.source || t("ads.none.campaign");
  const path = [platformName(touch.platform) || touch.source, keyName(touch.campaign), keyName(touch.adset), touch.placement].filter((part) => part && part !== name);
  return (
    <div className="touch">
      <span className="step-number">{number}</span>
      <div className="ads-name-text">
        <ForeignText text={name} />
        {path.length > 0 && (
          <span className="sub">
            <ForeignText text={path.join(" › ")} />
          </span>
        )}
        <span className="sub">
          {touch.startTime && <span>{clock.moment(touch.startTime)}</span>}
          {own && <span className="tag">{t("ads.explain.own")}</span>}
        </span>
      </div>
    </div>
  );
}

/** Which part of the conversion a model gives to a touch. */
function Share({ share, currency }: { share: Touch["shares"][number] | undefined; currency: string }) {
  return (
    <>
      {weightText(share?.weight ?? 0)}
      <span className="ads-compared muted">{money.money(share?.revenue ?? "0", currency)}</span>
      <span className="attribution-bar" aria-hidden="true" style={{ width: `calc((100% - 24px) * ${share?.weight ?? 0})` }} />
    </>
  );
}

function toFile({ touches }: ExplainConversionResponse) {
  return {
    header: [
      "session_id",
      "start_time",
      "platform",
      "source",
      ...["campaign", "adset", "ad"].flatMap((key) => [`${key}_id`, key]),
      "placement",
      ...modelNames.flatMap((name) => [`${name}_weight`, `${name}_revenue`]),
    ],
    rows: touches.map((touch) => [
      String(touch.sessionId),
      touch.startTime ? timestampDate(touch.startTime).toISOString() : "",
      touch.platform,
      touch.source,
      ...[touch.campaign, touch.adset, touch.ad].flatMap((key) => [key?.id ?? "", key?.name ?? ""]),
      touch.placement,
      ...modelNames.flatMap((name) => {
        const share = touch.shares.find((one) => one.model === models[name]);
        return [share?.weight ?? null, share?.revenue ?? null];
      }),
    ]),
  };
}
