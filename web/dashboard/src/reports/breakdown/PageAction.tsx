import { useTranslation } from "../../lib/i18n/useTranslation";
import { pageLink } from "../../lib/links";
import { External } from "../../ui/icons";

/** Opens a visited page on the website itself, where its path leads there and nowhere else. */
export function PageAction({ websiteUrl, path }: { websiteUrl: string; path: string }) {
  const { t } = useTranslation();
  const href = pageLink(websiteUrl, path);
  if (!href) return null;
  return (
    <a className="row-action" href={href} target="_blank" rel="noopener noreferrer" aria-label={`${t("breakdown.openPage", { path })} ${t("app.opensNewTab")}`}>
      <External />
    </a>
  );
}
