import type { Translation } from "..";
import type en from "../en/adpanel";

const de: Translation<typeof en> = {
  adpanel: {
    title: "Anzeigen",
    campaign: "Kampagne",
    all: "Alle Kampagnen",
    notFiltered: "Filter gelten nicht für Anzeigen.",
    columns: {
      spend: { name: "Ausgaben", definition: "Was die Plattformen melden." },
      clicks: { name: "Klicks", definition: "Wie die Plattformen sie melden." },
      landed: { name: "Sitzungen", definition: "Sitzungen, die von Anzeigen kamen, ohne Bots." },
      revenue: { name: "Umsatz", definition: "Was die Conversions dieser Sitzungen wert sind." },
      roas: { name: "ROAS", definition: "Umsatz geteilt durch Ausgaben." },
      costPerQuality: { name: "Kosten pro Qualitätssitzung", definition: "Ausgaben geteilt durch die Sitzungen, jede nach ihrer Qualität gewichtet." },
    },
  },
};

export default de;
