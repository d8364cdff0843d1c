import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { useOpenProject } from "../app/projects/ProjectLayout";
import { dayIn } from "../lib/days";
import { readReport, type ReportState, writeReport } from "../lib/urlstate";
import { useNow } from "../ui/useNow";
import { reportQuestion } from "./question";

/** What the address asks about, ready for a question to the server, and a way to change it. */
export function useReport() {
  const project = useOpenProject();
  const now = useNow();
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  // The address as text, so that the same address is the same state.
  const address = JSON.stringify(search);
  const state = useMemo(() => readReport(JSON.parse(address) as Record<string, unknown>), [address]);
  const today = dayIn(project.timeZone, now);
  const { days, asked } = useMemo(() => reportQuestion(project, state, today), [project, state, today]);
  const change = useCallback(
    (changed: Partial<ReportState>) => {
      void navigate({
        to: ".",
        search: (before: Record<string, unknown>) => {
          const kept = Object.fromEntries(Object.entries(before).filter(([key]) => !reportKeys.has(key)));
          return { ...kept, ...writeReport({ ...readReport(before), ...changed }) };
        },
        resetScroll: false,
      } as Parameters<typeof navigate>[0]);
    },
    [navigate],
  );
  return { ...state, project, now, today, days, asked, change };
}

const reportKeys = new Set(["range", "compare", "interval", "metric", "f"]);
