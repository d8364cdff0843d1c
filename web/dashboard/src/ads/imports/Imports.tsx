import { useInfiniteQuery } from "@connectrpc/connect-query";
import { AdsService } from "@microtracker/client/ads";
import type { SpendImport } from "@microtracker/client/spend";
import { Link, useNavigate } from "@tanstack/react-router";
import { type DragEvent, useCallback, useId, useState } from "react";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { projectPath } from "../../app/projects/useProjects";
import { kindOf } from "../../lib/errors";
import { clockIn } from "../../lib/clock";
import { dash, format } from "../../lib/format";
import type { Translate } from "../../lib/i18n/translate";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { FormError } from "../../ui/ErrorState";
import { Paged } from "../../ui/Paged";
import { ProgressBar } from "../../ui/ProgressBar";
import { Table } from "../../ui/Table";
import { ForeignText } from "../../ui/Text";
import { AdsPage } from "../parts";
import { isWorking, stateNames } from "./states";
import { largestFile, useUpload } from "./useUpload";

/** What ads cost, from the platforms' files: a new one, and those that were imported. */
export function Imports() {
  const { t } = useTranslation();
  return (
    <AdsPage title={t("ads.imports.title")} lead={t("ads.imports.lead")}>
      <NewImport />
      <ImportList />
    </AdsPage>
  );
}

function NewImport() {
  const { t } = useTranslation();
  const project = useOpenProject();
  const navigate = useNavigate();
  const input = useId();
  const [over, setOver] = useState(false);
  const [tooLarge, setTooLarge] = useState(false);
  const done = useCallback(
    (importId: bigint) =>
      void navigate({ to: "/p/$projectId/ads/imports/$importId", params: { ...projectPath(project), importId: String(importId) } }),
    [navigate, project],
  );
  const { file, progress, error, send, giveUp } = useUpload(project.id, done);
  const sending = progress !== undefined;

  const take = (chosen: File | undefined) => {
    if (!chosen || sending) return;
    setTooLarge(chosen.size > largestFile);
    if (chosen.size > 0 && chosen.size <= largestFile) void send(chosen);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files[0]);
  };

  return (
    <Card flush title={t("ads.imports.new")} hint={t("ads.imports.newHint")} busy={sending}>
      <div className="ads-inset">
        {error !== undefined && (
          <>
            {kindOf(error) === "PRECONDITION" ? (
              <div className="banner banner-error" role="alert">
                <p className="state-title">{t("ads.imports.tooMany")}</p>
              </div>
            ) : kindOf(error) === "VALIDATION_FAILED" ? (
              <div className="banner banner-error" role="alert">
                <p className="state-title">{t("ads.imports.noTable")}</p>
                <p className="state-text">{t("ads.imports.noTableText")}</p>
              </div>
            ) : (
              <FormError error={error} />
            )}
            <div className="ads-actions">
              {file && <Button onClick={() => void send(file)}>{t("ads.imports.goOn")}</Button>}
              <Button look="quiet" onClick={giveUp}>
                {t("ads.imports.giveUp")}
              </Button>
            </div>
          </>
        )}
        {tooLarge && (
          <p className="note note-error" role="alert">
            {t("ads.imports.tooLarge", { most: largestFile >> 20 })}
          </p>
        )}
        {sending ? (
          <div className="ads-drop">
            <ForeignText text={file?.name ?? ""} />
            <Progress value={progress} label={t("ads.imports.sending")} />
          </div>
        ) : (
          error === undefined && (
            <label
              htmlFor={input}
              className={over ? "ads-drop ads-drop-over" : "ads-drop"}
              onDragOver={(event) => {
                event.preventDefault();
                setOver(true);
              }}
              onDragLeave={() => setOver(false)}
              onDrop={drop}
            >
              <input
                id={input}
                type="file"
                accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain"
                className="visually-hidden"
                onChange={(event) => {
                  take(event.target.files?.[0]);
                  event.target.value = "";
                }}
              />
              <strong>{t("ads.imports.drop")}</strong>
              <span className="button button-secondary">{t("ads.imports.choose")}</span>
              <span className="muted small">{t("ads.imports.dropHint")}</span>
            </label>
          )
        )}
      </div>
    </Card>
  );
}

/** How far work is, from 0 to 1. */
export function Progress({ value, label }: { value: number; label: string }) {
  const done = Math.round(Math.max(0, Math.min(1, value)) * 100);
  return (
    <div className="progress ads-progress">
      <ProgressBar label={label} all={100} done={done} />
      <span>
        {label} {format.ratio(done / 100, "exact")}
      </span>
    </div>
  );
}

function ImportList() {
  const { t } = useTranslation();
  const project = useOpenProject();
  const query = useInfiniteQuery(
    AdsService.method.listSpendImports,
    { projectId: project.id, pageSize: 50, pageToken: "" },
    {
      ...byPages,
      refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.imports.some((one) => isWorking(one.state))) ? 2000 : false),
    },
  );
  const clock = clockIn(project.timeZone);
  const imports = query.data?.pages.flatMap((page) => page.imports);
  return (
    <Card flush title={t("ads.imports.list")} busy={!imports && !query.isError}>
      <Paged
        query={query}
        rows={imports}
        skeleton={{ rows: 4, height: 56 }}
        empty={<Empty title={t("ads.imports.empty")} text={t("ads.imports.emptyText")} />}
      >
        {(rows) => (
          <Table
            className="list"
            rows={rows}
            rowKey={({ importId }) => String(importId)}
            columns={[
              {
                id: "file",
                head: t("ads.imports.file"),
                cell: ({ importId, fileName }) => (
                  <Link to="/p/$projectId/ads/imports/$importId" params={{ ...projectPath(project), importId: String(importId) }} className="list-name">
                    {fileName ? <bdi>{fileName}</bdi> : t("ads.imports.unnamed")}
                  </Link>
                ),
              },
              { id: "state", head: t("ads.imports.state"), label: t("ads.imports.state"), cell: (one) => <StateTag spendImport={one} /> },
              { id: "rows", head: t("ads.imports.rows"), label: t("ads.imports.rows"), cell: ({ counts }) => countsText(counts, t) || dash },
              { id: "when", head: t("ads.imports.when"), label: t("ads.imports.when"), cell: (one) => clock.moment(one.undoTime ?? one.importTime ?? one.createTime) },
            ]}
          />
        )}
      </Paged>
    </Card>
  );
}

function countsText(counts: SpendImport["counts"], t: Translate): string {
  return (["new", "changed", "same", "refused"] as const)
    .filter((name) => counts && counts[name] > 0n)
    .map((name) => t(`ads.imports.counts.${name}`, { count: Number(counts![name]), formatted: format.count(Number(counts![name]), "exact") }))
    .join(", ");
}

export function StateTag({ spendImport: { state, error, progress } }: { spendImport: SpendImport }) {
  const { t } = useTranslation();
  const name = stateNames[state];
  const look = error ? "tag tag-danger" : name === "imported" ? "tag tag-good" : "tag";
  return (
    <span className={look}>
      {t(`ads.imports.states.${name}`)}
      {isWorking(state) && ` ${format.ratio(progress, "exact")}`}
    </span>
  );
}
