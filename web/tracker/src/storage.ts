import { guard } from "./guard.ts";

/** What the browser keeps for this website, or where that is forbidden, an object that lasts as long as the page. */
export const local: Record<string, string> = guard(() => localStorage)() || {};
