import { Link } from "@tanstack/react-router";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Tooltip } from "../../ui/Tooltip";
import { useLive } from "./live";

/** How many visitors there are now, and whether that is still known. */
export function LiveCounter() {
  const { t } = useTranslation();
  const project = useOpenProject();
  const { status, snapshot } = useLive();
  const count = snapshot ? Number(snapshot.visitors) : undefined;
  const lost = status === "lost";
  const text = count === undefined ? (lost ? t("live.lostShort") : t("live.connecting")) : t("live.now", { count });
  return (
    <Tooltip description={lost ? t("live.lost") : t("live.definition")}>
      <Link to="/p/$projectId/live" params={{ projectId: String(project.id) }} className={`live-counter live-${status}`}>
        <span className="live-dot" aria-hidden="true" />
        <span>{text}</span>
        {lost && count !== undefined && <span className="muted"> · {t("live.lostShort")}</span>}
      </Link>
    </Tooltip>
  );
}
