import { expect, test } from "vitest";
import { daysOf, isShorter, type Retention, retentionProblem } from "./retention";

const ever: Retention = { events: "", sessions: "", visitors: "" };

test.each<[string, Partial<Retention>, ReturnType<typeof retentionProblem>]>([
  ["all for ever", {}, undefined],
  ["events for a month", { events: "30" }, undefined],
  ["all for a year", { events: "365", sessions: "365", visitors: "365" }, undefined],
  ["each longer than the one before", { events: "30", sessions: "90", visitors: "3650" }, undefined],
  ["no day at all", { events: "0" }, ["events", "number"]],
  ["too many days", { visitors: "3651" }, ["visitors", "number"]],
  ["half a day", { sessions: "0.5" }, ["sessions", "number"]],
  ["a word", { events: "month" }, ["events", "number"]],
  ["sessions shorter than events", { events: "30", sessions: "29" }, ["sessions", "order"]],
  ["sessions shorter than events for ever", { sessions: "30" }, ["sessions", "order"]],
  ["visitors shorter than sessions", { events: "30", sessions: "60", visitors: "59" }, ["visitors", "order"]],
])("keeping %s", (_, change, problem) => {
  expect(retentionProblem({ ...ever, ...change })).toEqual(problem);
});

test("what is kept for a shorter time is told from what is kept longer", () => {
  expect(isShorter(ever, ever)).toBe(false);
  expect(isShorter(ever, { ...ever, events: "30" })).toBe(true);
  expect(isShorter({ ...ever, events: "30" }, { ...ever, events: "29" })).toBe(true);
  expect(isShorter({ ...ever, events: "30" }, { ...ever, events: "31" })).toBe(false);
  expect(isShorter({ ...ever, events: "30" }, ever)).toBe(false);
  expect(daysOf(" ")).toBeUndefined();
});
