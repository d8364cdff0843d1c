import { language, locale } from "./language";
import { createTranslator } from "./translate";

export const translator = createTranslator(language, locale);

const translation = { t: translator.t };

/** The texts, for components. The language holds as long as the page does, so nothing is subscribed to. */
export const useTranslation = () => translation;
