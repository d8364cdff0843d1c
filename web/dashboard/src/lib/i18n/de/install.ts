import type { Translation } from "..";
import type en from "../en/install";

const de: Translation<typeof en> = {
  install: {
    title: "Installation",
    waitingTitle: "Warten auf das erste Ereignis",
    waitingText: "Füge das Snippet in deine Website ein und öffne sie dann in einem Browser. Diese Seite wird von selbst zu deiner Übersicht.",
    waitingTextInstall: "Füge das Snippet in deine Website ein und öffne sie dann in einem Browser.",
    arrivedTitle: "Das erste Ereignis ist da",
    arrivedText: "Die Übersicht wird geöffnet.",
    receivingTitle: "Ereignisse kommen an",
    receivingText: "Das neueste Ereignis kam {{when}}.",
    openOverview: "Übersicht öffnen",
    connectionLost: "Die Verbindung zum Server ist unterbrochen. Sie wird von selbst wieder aufgebaut.",
    step1: "Füge das auf jeder Seite vor </head> ein",
    step2: "Öffne deine Website",
    step2Text: "Besuche eine beliebige Seite davon in einem Browser. Das Ereignis erscheint hier nach wenigen Sekunden.",
    openSite: "{{host}} öffnen",
    guides: "Anleitungen",
    guideIntro: {
      html: "Füge das Snippet in den <head> jeder Seite ein oder in die Vorlage, die alle Seiten gemeinsam haben.",
      gtm: "Erstelle im Google Tag Manager ein Tag vom Typ „Benutzerdefiniertes HTML“, füge diesen Code ein, wähle den Trigger „Alle Seiten“ („All Pages“) und veröffentliche es. Der Tag Manager entfernt Attribute aus Script-Tags, deshalb setzt diese Version sie selbst.",
      wordpress: "Füge das in die functions.php deines Child-Themes ein. Oder füge das einfache Snippet in einem Plugin ein, das Code in den Header setzt.",
      react: "Füge das Snippet in die index.html ein, also in die Seite, mit der deine App ausgeliefert wird. Wechsel der Route werden von selbst gezählt.",
      next: "Füge das Skript in das Root-Layout ein, app/layout.tsx.",
      shopify: "Wähle unter Onlineshop, Themes „Code bearbeiten“ und öffne layout/theme.liquid. Füge das Snippet vor </head> ein und speichere.",
    },
    guideName: {
      html: "Reines HTML",
      gtm: "Google Tag Manager",
      wordpress: "WordPress",
      react: "React",
      next: "Next.js",
      shopify: "Shopify",
    },
    checkTitle: "Wenn nichts ankommt",
    check: {
      cache: "Leere den Cache deiner Website oder ihres CDN: Besucher bekommen vielleicht noch die Seite ohne das Snippet.",
      source: "Sieh dir im Browser den Quelltext der Seite an: Das Snippet muss genau einmal darin stehen.",
      blocker: "Schalte Werbeblocker in dem Browser aus, mit dem du testest.",
      csp: "Wenn die Website eine Content-Security-Policy sendet, erlaube {{origin}} in script-src und connect-src.",
      bot: "Automatisierte Browser und Headless-Browser werden als Bots erkannt und nicht gezählt.",
    },
  },
};

export default de;
