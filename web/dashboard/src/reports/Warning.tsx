import { PrivacyMode } from "@microtracker/client/projects";
import { useOpenProject } from "../app/projects/ProjectLayout";
import { useTranslation } from "../lib/i18n/useTranslation";
import { Notice } from "../ui/Notice";

/** What to know before believing an answer; nothing where the server says nothing. What is not known here stays in its words. */
export function Warning({ text }: { text: string | undefined }) {
  const { t } = useTranslation();
  const project = useOpenProject();
  if (!text) return null;
  // The one warning that there is, of projects that know a visitor for a day.
  const known = project.privacyMode === PrivacyMode.COOKIELESS;
  return <Notice>{known ? t("warnings.cookieless") : <bdi lang="en">{text}</bdi>}</Notice>;
}
