import { useTranslation } from "react-i18next";
import { changeText } from "./values";

/** How much a value has changed: sign, arrow and colour say it, and words where that is good or bad. */
export function Change({ change, better }: { change: number | undefined; better: "more" | "less" | undefined }) {
  const { t } = useTranslation();
  if (change === undefined) {
    return (
      <span className="change" title={t("ads.change.none")}>
        –
      </span>
    );
  }
  const flat = Math.abs(change) < 0.0005;
  const good = !flat && better !== undefined && change > 0 === (better === "more");
  const look = flat || !better ? "" : good ? " change-good" : " change-bad";
  return (
    <span className={`change${look}`}>
      {!flat && (
        <svg className="change-arrow" viewBox="0 0 8 8" width="8" height="8" aria-hidden="true" focusable="false">
          <path d={change > 0 ? "M4 1 7.5 7h-7z" : "M4 7 .5 1h7z"} />
        </svg>
      )}
      {changeText(change)}
      {look && <span className="visually-hidden"> {t(good ? "ads.change.good" : "ads.change.bad")}</span>}
    </span>
  );
}
