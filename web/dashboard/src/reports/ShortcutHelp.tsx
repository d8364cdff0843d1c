import { useState } from "react";
import { useTranslation } from "../lib/i18n/useTranslation";
import { Button } from "../ui/Button";
import { Switch } from "../ui/Choice";
import { Modal } from "../ui/Modal";
import { setShortcutsOn, shortcutsOn } from "./useShortcuts";

const keys = ["d", "w", "m", "y", "c", "f", "/", "?", "Esc"] as const;
const names = { "/": "search", "?": "help", Esc: "clear" } as const;

/** What the keys do, and a switch for whom they are in the way of. */
export default function ShortcutHelp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [on, setOn] = useState(shortcutsOn);
  return (
    <Modal title={t("shortcuts.title")} isOpen onClose={onClose}>
      <dl className="shortcuts">
        {keys.map((key) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{t(`shortcuts.${key in names ? names[key as keyof typeof names] : (key as "d")}`)}</dd>
          </div>
        ))}
      </dl>
      <Switch
        label={t("shortcuts.on")}
        hint={t("shortcuts.onHint")}
        checked={on}
        onChange={(wanted) => {
          setShortcutsOn(wanted);
          setOn(wanted);
        }}
      />
      <div className="dialog-actions">
        <Button look="primary" onClick={onClose}>
          {t("app.close")}
        </Button>
      </div>
    </Modal>
  );
}
