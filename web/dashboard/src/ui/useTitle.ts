import { useEffect } from "react";
import { useTranslation } from "react-i18next";

/** Names the page in the browser's tab, most specific part first. */
export function useTitle(...parts: (string | undefined)[]) {
  const { t } = useTranslation();
  const title = [...parts.filter(Boolean), t("app.name")].join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
