import type { Project } from "@microtracker/client/projects";

/** For how many days each is kept, as typed; empty: for ever. */
export interface Retention {
  events: string;
  sessions: string;
  visitors: string;
}

export const kept = ["events", "sessions", "visitors"] as const;

export function retentionOf(project: Project): Retention {
  const text = (days: number | undefined) => (days === undefined ? "" : String(days));
  return {
    events: text(project.retainEventsDays),
    sessions: text(project.retainSessionsDays),
    visitors: text(project.retainVisitorsDays),
  };
}

/** The number of days; undefined: for ever. */
export const daysOf = (text: string): number | undefined => (text.trim() === "" ? undefined : Number(text));

const longest = 3650;

/** Which of them cannot be kept for so long, and why; undefined: all can. Each is kept as long as the one before it or longer. */
export function retentionProblem(retention: Retention): [(typeof kept)[number], "number" | "order"] | undefined {
  for (const key of kept) {
    const text = retention[key].trim();
    if (text !== "" && !(/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= longest)) return [key, "number"];
  }
  const [events, sessions, visitors] = kept.map((key) => daysOf(retention[key]) ?? Number.POSITIVE_INFINITY) as [number, number, number];
  if (sessions < events) return ["sessions", "order"];
  if (visitors < sessions) return ["visitors", "order"];
  return undefined;
}

/** Reports whether something is to be kept for a shorter time than before: then data goes. */
export function isShorter(before: Retention, after: Retention): boolean {
  return kept.some((key) => (daysOf(after[key]) ?? Number.POSITIVE_INFINITY) < (daysOf(before[key]) ?? Number.POSITIVE_INFINITY));
}
