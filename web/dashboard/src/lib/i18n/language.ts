export const languages = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof languages;

const isLanguage = (text: string | null): text is Language => text !== null && Object.hasOwn(languages, text);

function stored(): string | null {
  try {
    return localStorage.getItem("language");
  } catch {
    return null; // storage is switched off, or this is no browser
  }
}

/** The first of the reader's languages that there are texts in. */
export function preferred(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const base = tag.split("-")[0]!.toLowerCase();
    if (isLanguage(base)) return base;
  }
  return "en";
}

const wanted = typeof navigator === "undefined" ? [] : navigator.languages;
const chosen = stored();

/** The language of this page: the one chosen, else what the browser asks for. */
export const language: Language = isLanguage(chosen) ? chosen : preferred(wanted);

/** The reader's own way to write numbers and dates in it, such as en-GB. */
export const locale: string = wanted.find((tag) => tag.split("-")[0]!.toLowerCase() === language) ?? { en: "en-US", de: "de-DE" }[language];

/** Keeps the choice for this browser and shows the page anew in it: numbers, dates and texts change together. */
export function setLanguage(to: Language) {
  try {
    localStorage.setItem("language", to);
  } catch {
    return; // nowhere to keep it
  }
  location.reload();
}
