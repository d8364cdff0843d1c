import { useQuery } from "@connectrpc/connect-query";
import { PathDirection, type QueryPathsResponse } from "@microtracker/client/journeys";
import { Dimension } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { CSVButton } from "../../reports/CSVButton";
import { useReport } from "../../reports/useReport";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { ErrorState } from "../../ui/ErrorState";
import { Pick } from "../../ui/Pick";
import { LinesSkeleton } from "../../ui/Skeleton";
import { Scroll, Table } from "../../ui/Table";
import { ForeignText } from "../../ui/Text";
import { Toggle, ViewToggle } from "../../ui/Toggle";
import { useTitle } from "../../ui/useTitle";
import { NameField } from "../NameField";
import { ExplorePage } from "../parts";
import { oneOf, useOwnSearch } from "../search";
import { useNames } from "../useNames";
import { layOut } from "./flow";
import { PathFlow } from "./PathFlow";

const directions = ["next", "previous"] as const;
const depths = ["3", "1", "2", "4", "5", "6", "8", "10"] as const;

/** The pages that sessions went on to, or came from. */
export function Paths() {
  const { t } = useTranslation();
  const { project, days, asked } = useReport();
  useTitle(project.name, t("paths.title"));
  const [own, change] = useOwnSearch();
  const [view, setView] = useState<"chart" | "table">("chart");
  const direction = oneOf(directions, own.direction);
  const depth = oneOf(depths, own.depth);
  const path = typeof own.path === "string" ? own.path.slice(0, 255) : "";
  const names = useNames(Dimension.PATH);
  const query = useQuery(
    ReportingService.method.queryPaths,
    {
      ...asked,
      direction: direction === "next" ? PathDirection.NEXT : PathDirection.PREVIOUS,
      path,
      depth: Number(depth),
      maxNodes: 8,
    },
    { placeholderData: keepPreviousData },
  );
  const answer = query.data;
  return (
    <ExplorePage
      section="paths"
      title={t("paths.title")}
      lead={t("paths.lead")}
      defines={(["node", "band", "ended", "other"] as const).map((name) => ({ name: t(`paths.${name}`), text: t(`paths.defines.${name}`) }))}
    >
      <Card
        title={path ? t(direction === "next" ? "paths.after" : "paths.before") : t(direction === "next" ? "paths.fromStart" : "paths.toEnd")}
        explanation={t("paths.defines.node")}
        stale={query.isPlaceholderData}
        busy={!answer && !query.isError}
        tools={
          <>
            <Toggle
              label={t("paths.direction")}
              chosen={direction}
              options={directions.map((id) => ({ id, text: t(`paths.directions.${id}`) }))}
              onChange={(value) => change({ direction: value === "next" ? undefined : value })}
            />
            <Pick
              label={t("paths.depth")}
              chosen={depth}
              options={[...depths].sort((a, b) => Number(a) - Number(b)).map((id) => ({ id, text: id }))}
              onChange={(id) => change({ depth: id === "3" ? undefined : id })}
            />
            <ViewToggle view={view} onChange={setView} />
            <CSVButton name={t("paths.title")} days={days} table={answer && (() => cells(answer))} />
          </>
        }
      >
        <div className="path-from">
          <NameField
            label={t(direction === "next" ? "paths.startPage" : "paths.endPage")}
            showLabel
            search
            value={path}
            names={names.list}
            placeholder={t(direction === "next" ? "paths.anyStart" : "paths.anyEnd")}
            maxLength={255}
            onCommit={(value) => change({ path: value.trim() || undefined })}
          />
          {path && <Button onClick={() => change({ path: undefined })}>{t("paths.clear")}</Button>}
        </div>
        {!answer && query.isError ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : !answer ? (
          <LinesSkeleton rows={8} height={56} />
        ) : answer.nodes.length === 0 ? (
          <Empty title={t("paths.empty")} text={path ? t("paths.emptyPath") : t("explore.emptyText")} />
        ) : view === "chart" ? (
          <PathFlow flow={layOut(answer, direction === "previous")} turned={direction === "previous"} onOpen={(to) => change({ path: to })} />
        ) : (
          <PathTable answer={answer} />
        )}
      </Card>
    </ExplorePage>
  );
}

function PathTable({ answer: { nodes, links: all } }: { answer: QueryPathsResponse }) {
  const { t } = useTranslation();
  const links = all.flatMap((link) => {
    const [from, to] = [nodes[link.from], nodes[link.to]];
    return from && to ? [{ from: { id: link.from, ...from }, to: { id: link.to, ...to }, sessions: Number(link.sessions) }] : [];
  });
  const nodeName = ({ other, path }: QueryPathsResponse["nodes"][number]) => (other ? t("paths.other") : <ForeignText text={path} />);
  return (
    <Scroll label={t("paths.title")}>
      <Table
        rows={links}
        rowKey={({ from, to }) => `${from.id}-${to.id}`}
        columns={[
          { id: "from", head: t("paths.from"), cell: ({ from }) => nodeName(from) },
          { id: "to", head: t("paths.to"), className: "text", cell: ({ to }) => nodeName(to) },
          { id: "step", head: t("paths.step"), cell: ({ from }) => from.step + 1 },
          { id: "sessions", head: t("paths.sessions"), cell: ({ sessions }) => format.count(sessions, "exact") },
          { id: "share", head: t("paths.share"), cell: ({ from, sessions }) => (from.sessions > 0n ? format.ratio(sessions / Number(from.sessions), "short") : "") },
        ]}
      />
    </Scroll>
  );
}

const cells = ({ nodes, links }: QueryPathsResponse) => ({
  header: ["step", "from", "to", "sessions", "sessions_on_from", "ended_on_from"],
  rows: links.map((link) => {
    const [from, to] = [nodes[link.from], nodes[link.to]];
    const name = (node: typeof from) => (node?.other ? "(other)" : (node?.path ?? ""));
    return [(from?.step ?? 0) + 1, name(from), name(to), Number(link.sessions), Number(from?.sessions ?? 0n), Number(from?.ended ?? 0n)];
  }),
});
