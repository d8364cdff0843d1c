import type { GetInstallationResponse } from "@microtracker/client/projects";
import { useMemo, useState } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components/Tabs";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { safeLink } from "../../lib/links";
import { CopyButton } from "../../ui/CopyButton";
import { External } from "../../ui/icons";
import { useOpenProject } from "../projects/ProjectLayout";
import { guideNames, guides } from "./guides";

/** How to get the snippet into the website, for each kind of website. */
export function Guide({ installation }: { installation: GetInstallationResponse }) {
  const { t } = useTranslation();
  const { websiteUrl } = useOpenProject();
  const site = safeLink(websiteUrl);
  const [guide, setGuide] = useState<string>("html");
  const codes = useMemo(() => guides(installation), [installation]);
  const origin = useMemo(() => originOf(installation.scriptUrl), [installation.scriptUrl]);
  return (
    <>
      <section className="card install-step" aria-labelledby="install-1">
        <h2 id="install-1">
          <span className="step-number">1</span>
          {t("install.step1")}
        </h2>
        <Tabs selectedKey={guide} onSelectionChange={(key) => setGuide(String(key))}>
          <TabList className="guide-tabs" aria-label={t("install.guides")}>
            {guideNames.map((name) => (
              <Tab key={name} id={name} className="guide-tab">
                {t(`install.guideName.${name}`)}
              </Tab>
            ))}
          </TabList>
          {guideNames.map((name) => (
            <TabPanel key={name} id={name} className="guide">
              <p>{t(`install.guideIntro.${name}`)}</p>
              <Code text={codes[name]} />
            </TabPanel>
          ))}
        </Tabs>
      </section>
      <section className="card install-step" aria-labelledby="install-2">
        <h2 id="install-2">
          <span className="step-number">2</span>
          {t("install.step2")}
        </h2>
        <p>{t("install.step2Text")}</p>
        {site && (
          <p>
            <a className="button button-secondary" href={site} target="_blank" rel="noopener noreferrer">
              {t("install.openSite", { host: new URL(site).host })}
              <External />
              <span className="visually-hidden">{t("app.opensNewTab")}</span>
            </a>
          </p>
        )}
        <details className="check">
          <summary>{t("install.checkTitle")}</summary>
          <ul>
            <li>{t("install.check.source")}</li>
            <li>{t("install.check.cache")}</li>
            <li>{t("install.check.blocker")}</li>
            <li>{t("install.check.csp", { origin })}</li>
            <li>{t("install.check.bot")}</li>
          </ul>
        </details>
      </section>
    </>
  );
}

function Code({ text }: { text: string }) {
  return (
    <div className="code">
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} look="primary" />
    </div>
  );
}

function originOf(scriptUrl: string) {
  try {
    return new URL(scriptUrl, window.location.href).origin;
  } catch {
    return window.location.origin;
  }
}
