import { Link } from "@tanstack/react-router";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Panel } from "../../ui/Panel";
import { RowList, RowListSkeleton } from "../../ui/RowList";
import { PageAction } from "../breakdown/PageAction";
import { useLive } from "./live";

/** The pages that visitors are on now. */
export function LivePanel() {
  const { t } = useTranslation();
  const project = useOpenProject();
  const { status, snapshot } = useLive();
  const visitors = Number(snapshot?.visitors ?? 0n);
  return (
    <Panel
      id="live"
      title={t("live.title")}
      hint={t("live.definition")}
      aside={
        status === "lost" ? (
          <span className="warn">{t("live.lostShort")}</span>
        ) : (
          <Link to="/p/$projectId/live" params={{ projectId: String(project.id) }} className="panel-details">
            {t("live.open")}
          </Link>
        )
      }
    >
      {!snapshot ? (
        status === "lost" ? (
          <p className="empty">{t("live.lost")}</p>
        ) : (
          <RowListSkeleton rows={9} />
        )
      ) : snapshot.pages.length === 0 ? (
        <p className="empty">{t("live.empty")}</p>
      ) : (
        <RowList
          caption={t("live.title")}
          columns={{ label: t("breakdown.page"), value: t("breakdown.visitors"), share: t("breakdown.shareOfVisitors") }}
          rows={snapshot.pages.slice(0, 9).map((page) => ({
            label: page.path,
            value: Number(page.visitors),
            share: visitors > 0 ? Number(page.visitors) / visitors : null,
            action: <PageAction websiteUrl={project.websiteUrl} path={page.path} />,
          }))}
        />
      )}
      {snapshot && <p className="panel-foot">{t("live.pageviews", { count: Number(snapshot.pageviews) })}</p>}
    </Panel>
  );
}
