import type { GetInstallationResponse } from "@microtracker/client/projects";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Guide } from "./Guide";
import { InstallStatus } from "./InstallStatus";
import type { Phase } from "./useInstallation";

/** What a project shows until its first event: what to do, and that it is being waited for. */
export default function Waiting({ installation, phase }: { installation: GetInstallationResponse; phase: Phase }) {
  const { t } = useTranslation();
  return (
    <div className="install">
      <h1 className="visually-hidden">{t("install.title")}</h1>
      <InstallStatus phase={phase} installation={installation} onOverview />
      <Guide installation={installation} />
    </div>
  );
}
