import type { Translation } from "..";
import type en from "../en/shortcuts";

const de: Translation<typeof en> = {
  shortcuts: {
    title: "Tastenkürzel",
    d: "Heute",
    w: "Letzte 7 Tage",
    m: "Letzte 30 Tage",
    y: "Letzte 12 Monate",
    c: "Nächster Vergleich",
    f: "Filter hinzufügen",
    search: "In der Liste dieser Seite suchen",
    help: "Diese Hilfe zeigen",
    clear: "Alle Filter entfernen",
    on: "Diese Tasten verwenden",
    onHint: "Schalte sie aus, wenn sie stören, zum Beispiel bei Spracheingabe.",
  },
};

export default de;
