import { useInfiniteQuery } from "@connectrpc/connect-query";
import type { AdLinkFinding, BuildTrackingUrlResponse, LandingFinding, LintTrackingUrlResponse } from "@microtracker/client/ad_links";
import { AdsService } from "@microtracker/client/ads";
import { useId, useState } from "react";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { clockIn } from "../../lib/clock";
import { useRpcForm } from "../../lib/form";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { CopyButton } from "../../ui/CopyButton";
import { Empty } from "../../ui/Empty";
import { FormError } from "../../ui/ErrorState";
import { TextArea, TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { Notice } from "../../ui/Notice";
import { Paged } from "../../ui/Paged";
import { ForeignText } from "../../ui/Text";
import { AdsPage } from "../parts";
import { platformIds, platformName } from "../values";
import { findingKind } from "./findings";

/** The addresses that ads are given: made, checked, and those that arrive wrong. */
export function Links() {
  const { t } = useTranslation();
  return (
    <AdsPage title={t("ads.links.title")} lead={t("ads.links.lead")}>
      <div className="pair">
        <Builder />
        <Checker />
      </div>
      <Arrived />
    </AdsPage>
  );
}

function PlatformField({ value, error, hint, optional, onChange }: { value: string; error: string | undefined; hint: string; optional?: boolean; onChange: (value: string) => void }) {
  const { t } = useTranslation();
  const list = useId();
  return (
    <>
      <TextField
        label={t("ads.levels.platform")}
        hint={hint}
        error={error}
        {...(optional && { optional })}
        list={list}
        autoComplete="off"
        autoCapitalize="none"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      <datalist id={list}>
        {platformIds.map((id) => (
          <option key={id} value={id}>
            {platformName(id)}
          </option>
        ))}
      </datalist>
    </>
  );
}

const isPlatform = (text: string) => /^[a-z0-9_.-]{1,64}$/.test(text);
const clean = (text: string) => text.trim().toLowerCase();

function Builder() {
  const { t } = useTranslation();
  const project = useOpenProject();
  const [platform, setPlatform] = useState("google");
  const [page, setPage] = useState(project.websiteUrl);
  const [source, setSource] = useState("");
  const [medium, setMedium] = useState("");
  const [campaign, setCampaign] = useState("");
  const [made, setMade] = useState<BuildTrackingUrlResponse>();
  const form = useRpcForm(AdsService.method.buildTrackingUrl, { onDone: setMade });
  const edit = (field: string, set: (text: string) => void) => (text: string) => {
    set(text);
    setMade(undefined);
    form.clear(field);
  };
  const submit = () => {
    if (!isPlatform(clean(platform))) return form.refuse("platform", t("ads.accounts.platformWrong"));
    if (!/^https?:\/\//i.test(page.trim())) return form.refuse("page_url", t("validation.websiteUrl"));
    void form.submit({ projectId: project.id, platform: clean(platform), pageUrl: page.trim(), source: source.trim(), medium: medium.trim(), campaignName: campaign.trim() });
  };
  return (
    <Card flush title={t("ads.links.build")} hint={t("ads.links.buildHint")}>
      <Form form={form} className="ads-form" onSubmit={submit}>
        <FormError error={form.formError} />
        <PlatformField value={platform} hint={t("ads.links.platformHint")} error={form.fieldErrors.platform} onChange={edit("platform", setPlatform)} />
        <TextField
          label={t("ads.links.page")}
          hint={t("ads.links.pageHint")}
          type="url"
          error={form.fieldErrors.page_url}
          value={page}
          onChange={(event) => edit("page_url", setPage)(event.target.value)}
        />
        <div className="form-pair">
          <TextField
            label={t("ads.links.source")}
            hint={t("ads.links.usual")}
            optional
            autoComplete="off"
            error={form.fieldErrors.source}
            value={source}
            onChange={(event) => edit("source", setSource)(event.target.value)}
          />
          <TextField
            label={t("ads.links.medium")}
            hint={t("ads.links.usual")}
            optional
            autoComplete="off"
            error={form.fieldErrors.medium}
            value={medium}
            onChange={(event) => edit("medium", setMedium)(event.target.value)}
          />
        </div>
        <TextField
          label={t("ads.links.campaign")}
          hint={t("ads.links.campaignHint")}
          optional
          autoComplete="off"
          error={form.fieldErrors.campaign_name}
          value={campaign}
          onChange={(event) => edit("campaign_name", setCampaign)(event.target.value)}
        />
        <Button type="submit" look="primary" pending={form.pending}>
          {t("ads.links.make")}
        </Button>
        <div className="ads-answer" aria-live="polite">
          {made && (
            <>
              {made.static && <Notice>{t("ads.links.static")}</Notice>}
              <Address label={t("ads.links.whole")} text={made.url} />
              <Address label={t("ads.links.parameters")} hint={t("ads.links.parametersHint")} text={made.parameters} />
            </>
          )}
        </div>
      </Form>
    </Card>
  );
}

/** An address as text, to be copied. */
function Address({ label, hint, text }: { label: string; hint?: string; text: string }) {
  const { t } = useTranslation();
  return (
    <div className="ads-address">
      <p className="label">{label}</p>
      <div className="secret">
        <code className="secret-code">
          <bdi>{text}</bdi>
        </code>
        <CopyButton text={text} label={t("ads.links.copyNamed", { name: label })} />
      </div>
      {hint && <p className="note">{hint}</p>}
    </div>
  );
}

function Checker() {
  const { t } = useTranslation();
  const project = useOpenProject();
  const [url, setUrl] = useState("");
  const [platform, setPlatform] = useState("");
  const [found, setFound] = useState<LintTrackingUrlResponse>();
  const form = useRpcForm(AdsService.method.lintTrackingUrl, { onDone: setFound });
  const submit = () => {
    if (platform && !isPlatform(clean(platform))) return form.refuse("platform", t("ads.accounts.platformWrong"));
    if (!/^https?:\/\//i.test(url.trim())) return form.refuse("url", t("validation.websiteUrl"));
    void form.submit({ projectId: project.id, url: url.trim(), platform: clean(platform) });
  };
  return (
    <Card flush title={t("ads.links.check")} hint={t("ads.links.checkHint")}>
      <Form form={form} className="ads-form" onSubmit={submit}>
        <FormError error={form.formError} />
        <TextArea
          label={t("ads.links.address")}
          spellCheck={false}
          error={form.fieldErrors.url}
          value={url}
          onChange={(event) => {
            setUrl(event.target.value);
            setFound(undefined);
            form.clear("url");
          }}
        />
        <PlatformField
          optional
          value={platform}
          hint={t("ads.links.platformGuessed")}
          error={form.fieldErrors.platform}
          onChange={(text) => {
            setPlatform(text);
            setFound(undefined);
            form.clear("platform");
          }}
        />
        <Button type="submit" look="primary" pending={form.pending}>
          {t("ads.links.look")}
        </Button>
        <div className="ads-answer" aria-live="polite">
          {found && (
            <>
              {found.findings.length === 0 ? (
                <p className="banner banner-good">{t("ads.links.right", { platform: found.platform ? platformName(found.platform) : t("ads.none.platform") })}</p>
              ) : (
                <>
                  <p>
                    {t("ads.links.wrong", { count: found.findings.length, platform: found.platform ? platformName(found.platform) : t("ads.none.platform") })}
                  </p>
                  <Findings findings={found.findings} />
                  <Address label={t("ads.links.fixed")} text={found.fixedUrl} />
                </>
              )}
            </>
          )}
        </div>
      </Form>
    </Card>
  );
}

function Findings({ findings }: { findings: AdLinkFinding[] }) {
  const { t } = useTranslation();
  return (
    <ul className="ads-findings">
      {findings.map((finding, i) => {
        const kind = findingKind(finding.kind);
        return (
          <li key={i}>
            <span>
              <strong>{kind ? t(`ads.links.kinds.${kind}`) : finding.kind}</strong>
              {finding.parameter && (
                <>
                  {" "}
                  <code>
                    <bdi>{finding.parameter}</bdi>
                  </code>
                </>
              )}
            </span>
            {(finding.value || finding.fixed) && (
              <span className="ads-finding-fix">
                {finding.value && (
                  <s>
                    <ForeignText text={finding.value} />
                  </s>
                )}
                {finding.fixed && (
                  <>
                    <span className="visually-hidden">{t("ads.links.should")}</span>
                    <span aria-hidden="true">→</span>
                    <code>
                      <ForeignText text={finding.fixed} />
                    </code>
                  </>
                )}
              </span>
            )}
            {(kind || finding.detail) && (
              <span className="muted small">{kind ? t(`ads.links.fixes.${kind}`, { fixed: finding.fixed }) : <bdi lang="en">{finding.detail}</bdi>}</span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** Addresses on which people landed with macros that nobody filled in. */
function Arrived() {
  const { t } = useTranslation();
  const project = useOpenProject();
  const query = useInfiniteQuery(
    AdsService.method.listAdFindings,
    { projectId: project.id, pageSize: 20, pageToken: "" },
    byPages,
  );
  const found = query.data?.pages.flatMap((page) => page.findings);
  return (
    <Card flush title={t("ads.links.arrived")} hint={t("ads.links.arrivedHint")} busy={!found && !query.isError}>
      <Paged query={query} rows={found} skeleton={{ rows: 4, height: 56 }} empty={<Empty title={t("ads.links.none")} text={t("ads.links.noneText")} />}>
        {(rows) => (
          <ul className="ads-arrived">
            {rows.map((one, i) => (
              <ArrivedItem key={`${one.landingUrl} ${i}`} finding={one} />
            ))}
          </ul>
        )}
      </Paged>
    </Card>
  );
}

function ArrivedItem({ finding }: { finding: LandingFinding }) {
  const { t } = useTranslation();
  const project = useOpenProject();
  const clock = clockIn(project.timeZone);
  const sessions = Number(finding.sessions);
  return (
    <li>
      <div className="ads-arrived-head">
        <strong>{finding.platform ? platformName(finding.platform) : t("ads.none.platform")}</strong>
        <span className="muted">
          {t("ads.links.sessions", { count: sessions, formatted: format.count(sessions, "exact") })}
          {finding.lastSeenTime && ` · ${t("ads.links.last", { when: clock.moment(finding.lastSeenTime) })}`}
        </span>
      </div>
      <Address label={t("ads.links.landed")} text={finding.landingUrl} />
      <Findings findings={finding.findings} />
      {finding.fixedUrl && <Address label={t("ads.links.fixed")} text={finding.fixedUrl} />}
    </li>
  );
}
