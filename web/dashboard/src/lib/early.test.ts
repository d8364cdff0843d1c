import { create, toJsonString } from "@bufbuild/protobuf";
import { ProjectSchema } from "@microtracker/client/projects";
import { QueryRequestSchema } from "@microtracker/client/query";
import { expect, test, vi } from "vitest";
import { reportQuestion, timelineQuestion } from "../reports/question";
import { dayIn } from "./days";
import { askEarly, type Early, figuresQuestion } from "./early";
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

test("whoever reads the project finds the figures asked for", async () => {
  vi.stubGlobal("fetch", async (rpc: string) => new Response(rpc.endsWith("GetProject") ? `{"project":{"timeZone":"${timeZone}"}}` : "{}"));
  const early: Early = new Map();
  askEarly({ pathname: "/p/42", search: "" }, early);
  await early.get('ProjectsService/GetProject {"projectId":"42"}');
  expect([...early.keys()].some((question) => question.startsWith("ReportingService/Query "))).toBe(true);
  vi.unstubAllGlobals();
});
