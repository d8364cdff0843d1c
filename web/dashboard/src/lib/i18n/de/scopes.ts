import type { Translation } from "..";
import type en from "../en/scopes";

const de: Translation<typeof en> = {
  scopes: {
    legend: "Was ist damit erlaubt?",
    everything: "Alles",
    ALL: "Alles, was diese Art von Schlüssel überhaupt kann, jetzt und künftig.",
    ACCOUNT_READ: "Dein Konto ansehen.",
    ACCOUNT_WRITE: "Dein Konto ändern: Name, Passwort, Sitzungen und Zugriffstoken.",
    PROJECTS_READ: "Projekte und ihre Einstellungen ansehen.",
    PROJECTS_WRITE: "Projekte erstellen, ändern und löschen und ihre Schlüssel ersetzen.",
    API_KEYS_READ: "API-Schlüssel ansehen, ohne ihre Geheimnisse.",
    API_KEYS_WRITE: "API-Schlüssel erstellen, ändern, ersetzen und löschen.",
    TRACK_WRITE: "Ereignisse von einem Server senden.",
    REPORTS_READ: "Berichte abrufen und live zusehen.",
    ADS_READ: "Anzeigen ansehen, was sie kosten und was sie bringen.",
    ADS_WRITE: "Werbeausgaben importieren, Importe zurücknehmen und Werbekonten pflegen.",
    VISITORS_READ: "Exportieren, was über einen Besucher bekannt ist.",
    VISITORS_ERASE: "Einen Besucher löschen.",
    JOBS_READ: "Sehen, was im Hintergrund läuft und was fehlgeschlagen ist.",
    JOBS_WRITE: "Abbrechen, wiederholen und verwerfen, was im Hintergrund läuft.",
  },
};

export default de;
