import { useId, useState } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { imageTypes, mostPixels, refusal } from "./heat";

export interface Screenshot {
  /** The page that it is of. */
  path: string;
  bitmap: ImageBitmap;
}

interface Props {
  path: string;
  screenshot: Screenshot | undefined;
  /** The page's width in CSS pixels that the screenshot should have been taken at. */
  width: number;
  onChange: (screenshot: Screenshot | undefined) => void;
}

/** Takes a picture of the page from this device. It is read here and never sent anywhere. */
export function ScreenshotField({ path, screenshot, width, onChange }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const [problem, setProblem] = useState<"type" | "size" | "unreadable">();

  const read = async (file: File | undefined) => {
    if (!file) return;
    const reason = refusal(file);
    setProblem(reason);
    if (reason) return;
    try {
      const bitmap = await createImageBitmap(file);
      if (bitmap.width * bitmap.height > mostPixels) {
        bitmap.close();
        setProblem("size");
        return;
      }
      onChange({ path, bitmap });
    } catch {
      setProblem("unreadable");
    }
  };

  return (
    <div className="screenshot">
      {screenshot ? (
        <Button onClick={() => onChange(undefined)}>{t("heatmaps.removeScreenshot")}</Button>
      ) : (
        <span className="file">
          <input
            id={id}
            type="file"
            className="visually-hidden"
            accept={imageTypes.join(",")}
            aria-describedby={`${id}-note`}
            onChange={(event) => {
              void read(event.target.files?.[0]);
              event.target.value = "";
            }}
          />
          <label htmlFor={id} className="button button-secondary">
            {t("heatmaps.addScreenshot")}
          </label>
        </span>
      )}
      <span id={`${id}-note`} className={problem ? "small warn" : "small muted"} role="status">
        {problem ? t(`heatmaps.problems.${problem}`) : screenshot ? "" : t("heatmaps.screenshotHint", { width })}
      </span>
    </div>
  );
}
