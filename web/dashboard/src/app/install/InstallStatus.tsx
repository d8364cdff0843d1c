import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { GetInstallationResponse } from "@microtracker/client/projects";
import { ago, exactTime } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { useLive } from "../../reports/live/live";
import { Check } from "../../ui/icons";
import { useNow } from "../../ui/useNow";
import type { Phase } from "./useInstallation";

interface Props {
  phase: Phase;
  installation: GetInstallationResponse;
  /** The page that shows this becomes the overview. */
  onOverview?: boolean;
}

/** Waiting, then green: told by the live stream. */
export function InstallStatus({ phase, installation, onOverview }: Props) {
  const { t } = useTranslation();
  const live = useLive();
  const now = useNow(15_000);
  const last = installation.lastEventAt && timestampDate(installation.lastEventAt);
  const lost = phase === "waiting" && live.status === "lost";
  const title = { waiting: t("install.waitingTitle"), arrived: t("install.arrivedTitle"), receiving: t("install.receivingTitle") }[phase];
  return (
    <div className={`card install-status install-${phase}`} role="status">
      <span className="install-sign" aria-hidden="true">
        {phase === "waiting" ? <span className="pulse" /> : <Check />}
      </span>
      <div>
        <p className="install-status-title">{title}</p>
        {lost ? (
          <p className="warn">{t("install.connectionLost")}</p>
        ) : phase === "waiting" ? (
          <p className="muted">{t(onOverview ? "install.waitingText" : "install.waitingTextInstall")}</p>
        ) : phase === "arrived" && onOverview ? (
          <p className="muted">{t("install.arrivedText")}</p>
        ) : (
          last && (
            <p className="muted" title={exactTime(last)}>
              {t("install.receivingText", { when: ago(last < now ? last : now, now) })}
            </p>
          )
        )}
      </div>
    </div>
  );
}
