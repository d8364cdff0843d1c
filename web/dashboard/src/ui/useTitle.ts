import { useEffect } from "react";
import { useTranslation } from "../lib/i18n/useTranslation";

/** Names the page in the browser's tab, most specific part first. */
export function useTitle(...parts: (string | undefined)[]) {
  const { t } = useTranslation();
  const title = [...parts.filter(Boolean), t("app.name")].join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
