import { useEffect, useState } from "react";
import { useTranslation } from "../lib/i18n/useTranslation";
import { Button } from "./Button";
import { Check, Copy } from "./icons";

/** Copies a text and says so. */
export function CopyButton({ text, label, look = "secondary" }: { text: string; label?: string; look?: "primary" | "secondary" }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);

  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2500);
    return () => clearTimeout(timer);
  }, [copied]);

  return (
    <Button look={look} className="copy" aria-label={label} onClick={() => void copy(text).then(setCopied)}>
      {copied ? <Check /> : <Copy />}
      <span aria-live="polite">{copied ? t("app.copied") : t("app.copy")}</span>
    </Button>
  );
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS browsers withhold the clipboard; the old way still works there.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
