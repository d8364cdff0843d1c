import { create, toJsonString } from "@bufbuild/protobuf";
import { ProjectSchema } from "@microtracker/client/projects";
import { QueryRequestSchema } from "@microtracker/client/query";
import { expect, test } from "vitest";
import { reportQuestion, timelineQuestion } from "../reports/question";
import { dayIn } from "./days";
import { figuresQuestion } from "./early";
import { parseSearch, readReport } from "./urlstate";

const now = new Date("2026-03-01T23:30:00Z");
const timeZone = "Europe/Berlin";

/** What the page itself asks for the address. */
function asked(search: string): string {
  const project = create(ProjectSchema, { id: 42n, timeZone });
  const state = readReport(parseSearch(search));
  const today = dayIn(timeZone, now);
  return toJsonString(QueryRequestSchema, create(QueryRequestSchema, timelineQuestion({ ...state, ...reportQuestion(project, state, today), project, today, now })));
}

test.each(["", "?range=7d", "?range=30d", "?range=12mo", "?range=yesterday", "?range=2025-01-01..2026-02-28", "?range=2023-01-01..2026-02-28"])(
  "what is asked early is what the page asks: %s",
  (search) => expect(figuresQuestion("42", timeZone, search, now)).toBe(asked(search)),
);

test.each(["?range=today", "?range=7d&compare=none", "?f=source:is:google", "?range=for+ever", "?interval=day"])("the page alone asks about %s", (search) =>
  expect(figuresQuestion("42", timeZone, search, now)).toBeUndefined(),
);
