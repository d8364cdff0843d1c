import type account from "./en/account";
import type ads from "./en/ads";
import type adpanel from "./en/adpanel";
import type auth from "./en/auth";
import type common from "./en/common";
import type explore from "./en/explore";
import type filters from "./en/filters";
import type install from "./en/install";
import type livepage from "./en/livepage";
import type operator from "./en/operator";
import type reports from "./en/reports";
import type scopes from "./en/scopes";
import type settings from "./en/settings";
import type shortcuts from "./en/shortcuts";
import { type Language, language } from "./language";
import { translator } from "./useTranslation";

/** All texts. English is the original; the other languages have the same keys (see Translation). */
export type Texts = typeof account & typeof adpanel & typeof ads & typeof auth & typeof common & typeof install & typeof livepage & typeof operator & typeof reports & typeof scopes & typeof settings & typeof filters & typeof shortcuts & typeof explore;

/** The shape that a translation of these texts has. */
export type Translation<T> = { [K in keyof T]: T[K] extends string ? string : Translation<T[K]> };

/** The texts by area: each is loaded with the first page that needs it. */
const files = {
  account: { en: () => import("./en/account"), de: () => import("./de/account") },
  ads: { en: () => import("./en/ads"), de: () => import("./de/ads") },
  adpanel: { en: () => import("./en/adpanel"), de: () => import("./de/adpanel") },
  auth: { en: () => import("./en/auth"), de: () => import("./de/auth") },
  common: { en: () => import("./en/common"), de: () => import("./de/common") },
  explore: { en: () => import("./en/explore"), de: () => import("./de/explore") },
  filters: { en: () => import("./en/filters"), de: () => import("./de/filters") },
  install: { en: () => import("./en/install"), de: () => import("./de/install") },
  livepage: { en: () => import("./en/livepage"), de: () => import("./de/livepage") },
  operator: { en: () => import("./en/operator"), de: () => import("./de/operator") },
  reports: { en: () => import("./en/reports"), de: () => import("./de/reports") },
  scopes: { en: () => import("./en/scopes"), de: () => import("./de/scopes") },
  settings: { en: () => import("./en/settings"), de: () => import("./de/settings") },
  shortcuts: { en: () => import("./en/shortcuts"), de: () => import("./de/shortcuts") },
} satisfies Record<string, Record<Language, () => Promise<{ default: object }>>>;

export type Area = keyof typeof files;

const loading = new Map<Area, Promise<void>>();

/** Loads the texts of the areas, each once. */
export async function loadTexts(...areas: Area[]): Promise<void> {
  await Promise.all(
    areas.map((area) => {
      let done = loading.get(area);
      if (!done) {
        done = files[area][language]().then((texts) => translator.add(texts.default));
        // What could not be loaded is tried again by the next page.
        done.catch(() => loading.delete(area));
        loading.set(area, done);
      }
      return done;
    }),
  );
}

/** A module together with the texts that it shows: for lazy() and lazyRouteComponent(). */
export async function withTexts<M>(areas: Area[], load: () => Promise<M>): Promise<M> {
  const [module] = await Promise.all([load(), loadTexts(...areas)]);
  return module;
}

/** Starts with the texts that every page needs. */
export async function initI18n(): Promise<void> {
  document.documentElement.lang = language;
  await loadTexts("common");
}
