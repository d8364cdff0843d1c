import type { Translation } from "..";
import type en from "../en/livepage";

const de: Translation<typeof en> = {
  livepage: {
    title: "Live",
    pause: "Anhalten",
    resume: "Weiter",
    paused: "Angehalten: Was inzwischen kommt, siehst du, wenn es weitergeht.",
    minutes: "Die letzten 30 Minuten",
    minutesText: "Besucher in jeder Minute; die letzte läuft noch.",
    minutesLabel: "Besucher in jeder der letzten 30 Minuten. Die meisten in einer Minute: {{most}}.",
    asTable: "Als Tabelle",
    minute: "Minute",
    pages: "Seiten",
    sources: "Quellen",
    countries: "Länder",
    source: "Quelle",
    country: "Land",
    none: "Im Moment nichts.",
    events: "Was gerade geschieht",
    eventsText: "Die neuesten Ereignisse. Zeiten in {{zone}}.",
    noEvents: "Keine Ereignisse in den letzten 5 Minuten. Sie erscheinen hier von selbst.",
    time: "Zeit",
    what: "Was",
    where: "Seite",
    who: "Woher",
    session: "Diesen Besuch zeigen",
    skipped_one: "{{count}} Ereignis mehr, als sich zeigen lässt, kam auf einmal.",
    skipped_other: "{{count}} Ereignisse mehr, als sich zeigen lassen, kamen auf einmal.",
    back: "Übersicht",
  },
};

export default de;
