import { useInfiniteQuery } from "@connectrpc/connect-query";
import type { Conversion } from "@microtracker/client/conversions";
import { ReportingService } from "@microtracker/client/reporting";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { useConditionText } from "../../reports/filters/useConditionText";
import { eventTypes, fieldsOf, type Step } from "./steps";

/** The project's conversions: at most 100, so one page has them all. */
export function useConversions() {
  const project = useOpenProject();
  const query = useInfiniteQuery(
    ReportingService.method.listConversions,
    { projectId: project.id, pageSize: 200, pageToken: "" },
    { pageParamKey: "pageToken", getNextPageParam: () => undefined, staleTime: 60_000 },
  );
  const list = query.data?.pages.flatMap((page) => page.conversions);
  return { list: list ?? none, known: list !== undefined, error: query.error, refetch: query.refetch };
}

const none: Conversion[] = [];

export interface StepText {
  /** What kind of step it is; empty where the text says it. */
  kind: string;
  /** Text from outside. */
  text: string;
}

/** Says a step in words. */
export function useStepText(conversions: Conversion[]): (step: Step) => StepText {
  const { t } = useTranslation();
  const conditionText = useConditionText();
  return (step) => {
    const fields = fieldsOf(step);
    if (!fields) return { kind: "", text: "conditions" in step ? step.conditions.map((condition) => conditionText(condition).whole).join(", ") : "" };
    const kind = t(`funnels.kinds.${fields.kind}`);
    if (fields.kind === "type") {
      const type = eventTypes.find((name) => name === fields.value);
      return { kind, text: type ? t(`explore.types.${type}`) : fields.value };
    }
    if (fields.kind !== "conversion") return { kind, text: fields.value };
    return { kind, text: conversions.find(({ id }) => String(id) === fields.value)?.name ?? t("funnels.unknownConversion") };
  };
}
