import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useInfiniteQuery } from "@connectrpc/connect-query";
import { AdsService } from "@microtracker/client/ads";
import type { SpendImport } from "@microtracker/client/spend";
import { Link, useNavigate } from "@tanstack/react-router";
import { type DragEvent, useCallback, useId, useState } from "react";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { projectPath } from "../../app/projects/useProjects";
import { kindOf } from "../../lib/errors";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { ErrorState, FormError } from "../../ui/ErrorState";
import { LinesSkeleton } from "../../ui/Skeleton";
import { ForeignText } from "../../ui/Text";
import { AdsPage } from "../parts";
import { zonedFormat } from "../times";
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
    <div className="ads-progress">
      <div className="ads-progress-track" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={done}>
        <span className="ads-progress-done" style={{ width: `${done}%` }} />
      </div>
      <span className="muted">
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
      pageParamKey: "pageToken",
      getNextPageParam: (page) => page.nextPageToken || undefined,
      refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.imports.some((one) => isWorking(one.state))) ? 2000 : false),
    },
  );
  const imports = query.data?.pages.flatMap((page) => page.imports);
  return (
    <Card flush title={t("ads.imports.list")} busy={!imports && !query.isError}>
      {!imports && query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : !imports ? (
        <LinesSkeleton rows={4} height={56} />
      ) : imports.length === 0 ? (
        <Empty title={t("ads.imports.empty")} text={t("ads.imports.emptyText")} />
      ) : (
        <table className="table tokens">
          <thead>
            <tr>
              <th scope="col">{t("ads.imports.file")}</th>
              <th scope="col">{t("ads.imports.state")}</th>
              <th scope="col">{t("ads.imports.rows")}</th>
              <th scope="col">{t("ads.imports.when")}</th>
            </tr>
          </thead>
          <tbody>
            {imports.map((one) => (
              <ImportRow key={String(one.importId)} spendImport={one} />
            ))}
          </tbody>
        </table>
      )}
      {query.hasNextPage && (
        <div className="ads-more">
          {query.isFetchNextPageError && <FormError error={query.error} />}
          <Button pending={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("ads.more")}
          </Button>
        </div>
      )}
    </Card>
  );
}

function ImportRow({ spendImport: one }: { spendImport: SpendImport }) {
  const { t } = useTranslation();
  const project = useOpenProject();
  const time = zonedFormat(project.timeZone);
  const { counts } = one;
  const said = (["new", "changed", "same", "refused"] as const)
    .filter((name) => counts && counts[name] > 0n)
    .map((name) => t(`ads.imports.counts.${name}`, { count: Number(counts![name]), formatted: format.count(Number(counts![name]), "exact") }));
  const at = one.undoTime ?? one.importTime ?? one.createTime;
  return (
    <tr>
      <th scope="row">
        <Link to="/p/$projectId/ads/imports/$importId" params={{ ...projectPath(project), importId: String(one.importId) }} className="token-name">
          {one.fileName ? <bdi>{one.fileName}</bdi> : t("ads.imports.unnamed")}
        </Link>
      </th>
      <td data-label={t("ads.imports.state")}>
        <StateTag spendImport={one} />
      </td>
      <td data-label={t("ads.imports.rows")}>{said.join(", ") || "–"}</td>
      <td data-label={t("ads.imports.when")}>{at && time(timestampDate(at))}</td>
    </tr>
  );
}

export function StateTag({ spendImport: { state, error, progress } }: { spendImport: SpendImport }) {
  const { t } = useTranslation();
  const name = stateNames[state];
  const look = error ? "tag tag-bad" : name === "imported" ? "tag tag-good" : "tag";
  return (
    <span className={look}>
      {t(`ads.imports.states.${name}`)}
      {isWorking(state) && ` ${format.ratio(progress, "exact")}`}
    </span>
  );
}
