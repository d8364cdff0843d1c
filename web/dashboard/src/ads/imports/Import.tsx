import { createConnectQueryKey, useMutation, useQuery } from "@connectrpc/connect-query";
import { AdsService } from "@microtracker/client/ads";
import { type SpendImport, SpendImport_State as State } from "@microtracker/client/spend";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { parseProjectId, projectPath } from "../../app/projects/useProjects";
import { clockIn } from "../../lib/clock";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Choice } from "../../ui/Choice";
import { Empty } from "../../ui/Empty";
import { ErrorState, FormError } from "../../ui/ErrorState";
import { Notice } from "../../ui/Notice";
import { Question } from "../../ui/Question";
import { LinesSkeleton } from "../../ui/Skeleton";
import { AdsPage } from "../parts";
import { Progress, StateTag } from "./Imports";
import { LayoutForm } from "./LayoutForm";
import { Rows } from "./Rows";
import { isWorking, stateNames, stepOf, steps } from "./states";

/** One import, from the file to what came of it. */
export function Import() {
  const { t } = useTranslation();
  const project = useOpenProject();
  const { importId: text } = useParams({ strict: false }) as { importId?: string };
  const importId = parseProjectId(text);
  const query = useQuery(
    AdsService.method.getSpendImport,
    { projectId: project.id, importId: importId ?? 0n },
    { enabled: importId !== undefined, refetchInterval: ({ state }) => (isWorking(state.data?.import?.state) ? 1000 : false) },
  );
  const one = query.data?.import;
  useForgetReports(one?.state);
  return (
    <AdsPage
      title={one?.fileName || t("ads.imports.one")}
      lead={t("ads.imports.lead")}
      tools={
        <Link to="/p/$projectId/ads/imports" params={projectPath(project)} className="button button-quiet">
          {t("ads.imports.back")}
        </Link>
      }
    >
      {importId === undefined ? (
        <Card flush title={t("ads.imports.one")}>
          <Empty title={t("notFound.title")} text={t("notFound.text")} />
        </Card>
      ) : one ? (
        <Opened spendImport={one} />
      ) : query.isError ? (
        <Card flush title={t("ads.imports.one")}>
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        </Card>
      ) : (
        <Card flush title={t("ads.imports.one")} busy>
          <LinesSkeleton rows={8} height={44} />
        </Card>
      )}
    </AdsPage>
  );
}

/** What reports said of ads no longer holds once work on an import has ended. */
function useForgetReports(state: State | undefined) {
  const queryClient = useQueryClient();
  const before = useRef(state);
  useEffect(() => {
    const was = before.current;
    before.current = state;
    if (!isWorking(was) || isWorking(state)) return;
    void queryClient.invalidateQueries({ queryKey: createConnectQueryKey({ schema: AdsService, cardinality: undefined }) });
  }, [state, queryClient]);
}

function Opened({ spendImport: one }: { spendImport: SpendImport }) {
  const { t } = useTranslation();
  const project = useOpenProject();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const clock = clockIn(project.timeZone);
  const [editing, setEditing] = useState(false);
  const [asking, setAsking] = useState(false);
  const [without, setWithout] = useState(false);
  const ids = { projectId: project.id, importId: one.importId };
  const key = createConnectQueryKey({ schema: AdsService.method.getSpendImport, input: ids, cardinality: "finite" });
  const rowsKey = createConnectQueryKey({ schema: AdsService.method.listSpendImportRows, cardinality: undefined });
  const settle = () => {
    setAsking(false);
    setEditing(false);
    void queryClient.invalidateQueries({ queryKey: key });
    void queryClient.invalidateQueries({ queryKey: rowsKey });
    void queryClient.invalidateQueries({ queryKey: createConnectQueryKey({ schema: AdsService.method.listSpendImports, cardinality: undefined }) });
  };
  const check = useMutation(AdsService.method.checkSpendImport, { onSuccess: settle });
  const start = useMutation(AdsService.method.startSpendImport, { onSuccess: settle });
  const undo = useMutation(AdsService.method.undoSpendImport, { onSuccess: settle });
  const cancel = useMutation(AdsService.method.cancelSpendImport, {
    onSuccess: (response) => {
      settle();
      if (response.import) return;
      queryClient.removeQueries({ queryKey: key });
      void navigate({ to: "/p/$projectId/ads/imports", params: projectPath(project), replace: true });
    },
  });
  const error = check.error ?? start.error ?? undo.error ?? cancel.error;
  const { state, counts, layout, preview } = one;
  const working = isWorking(state);
  const brings = Number((counts?.new ?? 0n) + (counts?.changed ?? 0n));
  const refused = Number(counts?.refused ?? 0n);
  const open = state === State.UPLOADED || state === State.CHECKED;
  const number = (n: number) => format.count(n, "exact");

  return (
    <>
      <ol className="ads-steps" aria-label={t("ads.imports.steps.label")}>
        {steps.map((step, i) => (
          <li key={step} aria-current={i === stepOf(state) ? "step" : undefined} className={i < stepOf(state) ? "ads-step-done" : undefined}>
            <span className="step-number">{i + 1}</span>
            {t(`ads.imports.steps.${step}`)}
          </li>
        ))}
      </ol>
      <FormError error={error} />
      {one.error && <Notice>{t("ads.imports.stopped", { why: one.error })}</Notice>}
      {one.sameFileImportId > 0n && state !== State.IMPORTED && (
        <Notice>
          {t("ads.imports.sameFile")}{" "}
          <Link to="/p/$projectId/ads/imports/$importId" params={{ ...projectPath(project), importId: String(one.sameFileImportId) }}>
            {t("ads.imports.sameFileLink")}
          </Link>
        </Notice>
      )}
      {preview?.dateOrderGuessed && open && <Notice>{t("ads.imports.dateGuessed")}</Notice>}

      <Card flush
        title={t("ads.imports.status")}
        busy={working}
        tools={<StateTag spendImport={one} />}
        foot={
          <>
            {one.createTime && t("ads.imports.created", { when: clock.moment(one.createTime) })}
            {one.importTime && ` · ${t("ads.imports.importedAt", { when: clock.moment(one.importTime) })}`}
            {one.undoTime && ` · ${t("ads.imports.undoneAt", { when: clock.moment(one.undoTime) })}`}
            {one.expireTime && state === State.IMPORTED && ` · ${t("ads.imports.undoUntil", { when: clock.moment(one.expireTime) })}`}
          </>
        }
      >
        <div className="ads-inset ads-status">
          <Said spendImport={one} brings={brings} />
          {counts && stepOf(state) >= 2 && <Counts spendImport={one} />}
          {state === State.CHECKED && refused > 0 && (
            <Choice
              type="checkbox"
              label={t("ads.imports.without", { count: refused, formatted: number(refused) })}
              hint={t("ads.imports.withoutHint")}
              checked={without}
              onChange={(event) => setWithout(event.target.checked)}
            />
          )}
          <div className="ads-actions">
            {state === State.CHECKED && (
              <Button
                look="primary"
                disabled={brings === 0 || (refused > 0 && !without)}
                pending={start.isPending}
                onClick={() => start.mutate({ ...ids, withoutRefused: without })}
              >
                {t("ads.imports.start", { count: brings, formatted: number(brings) })}
              </Button>
            )}
            {state === State.CHECKED && layout && (
              <Button aria-expanded={editing} onClick={() => setEditing(!editing)}>
                {t("ads.imports.mapping")}
              </Button>
            )}
            {state === State.UPLOADED && !layout && (
              <Button look="primary" pending={check.isPending} onClick={() => check.mutate(ids)}>
                {t("ads.imports.look")}
              </Button>
            )}
            {state === State.IMPORTED && (
              <>
                <Link to="/p/$projectId/ads" params={projectPath(project)} className="button button-primary">
                  {t("ads.imports.see")}
                </Link>
                <Button look="danger" onClick={() => setAsking(true)}>
                  {t("ads.imports.undo")}
                </Button>
              </>
            )}
            {(working || open || state === State.UPLOADING) && (
              <Button look="quiet" pending={cancel.isPending} onClick={() => cancel.mutate(ids)}>
                {t(working ? "ads.imports.stop" : "ads.imports.forget")}
              </Button>
            )}
          </div>
        </div>
      </Card>

      {layout && preview && (state === State.UPLOADED || (state === State.CHECKED && editing)) && (
        <LayoutForm
          key={JSON.stringify(layout, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))}
          layout={layout}
          preview={preview}
          currency={project.currency}
          pending={check.isPending}
          onCheck={(changed) => check.mutate({ ...ids, layout: changed })}
        />
      )}
      {(state === State.CHECKED || state === State.IMPORTED || state === State.UNDONE) && counts && <Rows spendImport={one} />}
      {asking && (
        <Question
          title={t("ads.imports.undoTitle")}
          action={t("ads.imports.undo")}
          error={undo.error}
          pending={undo.isPending}
          onConfirm={() => undo.mutate(ids)}
          onClose={() => setAsking(false)}
        >
          <p>{t("ads.imports.undoText")}</p>
        </Question>
      )}
    </>
  );
}

/** What there is to do, or how far the work is. */
function Said({ spendImport: { state, progress }, brings }: { spendImport: SpendImport; brings: number }) {
  const { t } = useTranslation();
  const name = stateNames[state];
  if (name === "checking" || name === "importing" || name === "undoing") return <Progress value={progress} label={t(`ads.imports.states.${name}`)} />;
  return <p>{t(`ads.imports.says.${name}`, { count: brings, formatted: format.count(brings, "exact") })}</p>;
}

function Counts({ spendImport: { counts } }: { spendImport: SpendImport }) {
  const { t } = useTranslation();
  const shown = (["new", "changed", "same", "refused", "leftOut"] as const).map((name) => [name, Number(counts?.[name] ?? 0n)] as const);
  return (
    <dl className="ads-counts">
      {shown.map(([name, count]) => (
        <div key={name} className={name === "refused" && count > 0 ? "ads-count-bad" : undefined}>
          <dt>{t(`ads.imports.outcomes.${name}`)}</dt>
          <dd>{format.count(count, "exact")}</dd>
        </div>
      ))}
    </dl>
  );
}
