import { useQuery } from "@connectrpc/connect-query";
import type { HeatmapClass, QueryHeatmapResponse } from "@microtracker/client/journeys";
import { Dimension } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { keepPreviousData } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { dash, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { PageAction } from "../../reports/breakdown/PageAction";
import { CSVButton } from "../../reports/CSVButton";
import { useReport } from "../../reports/useReport";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { ErrorState } from "../../ui/ErrorState";
import { RowList } from "../../ui/RowList";
import { LinesSkeleton } from "../../ui/Skeleton";
import { Scroll, Table } from "../../ui/Table";
import { Toggle, ViewToggle } from "../../ui/Toggle";
import { useTitle } from "../../ui/useTitle";
import { NameField } from "../NameField";
import { ExplorePage } from "../parts";
import { useOwnSearch } from "../search";
import { useNames } from "../useNames";
import { binHeight, sheetOf } from "./heat";
import { HeatmapCanvas } from "./HeatmapCanvas";
import { type Screenshot, ScreenshotField } from "./ScreenshotField";

/** Where a page was clicked, and how far down it was read. */
export function Heatmaps() {
  const { t } = useTranslation();
  const { project, days, asked } = useReport();
  useTitle(project.name, t("heatmaps.title"));
  const [own, change] = useOwnSearch();
  const names = useNames(Dimension.PATH);
  const path = typeof own.path === "string" ? own.path.slice(0, 255) : (names.list[0] ?? "");
  const query = useQuery(ReportingService.method.queryHeatmap, { ...asked, path }, { placeholderData: keepPreviousData, enabled: path !== "" });
  const answer = path === "" ? undefined : query.data;
  const error = query.error ?? (path === "" ? names.error : null);
  const retry = () => void (query.error ? query.refetch() : names.refetch());
  const nothing = path === "" && names.known;
  const csv = answer && (() => cells(answer));
  return (
    <ExplorePage
      section="heatmaps"
      title={t("heatmaps.title")}
      lead={t("heatmaps.lead")}
      defines={(["clicks", "viewport", "placed", "depth", "selector"] as const).map((name) => ({ name: t(`heatmaps.${name}`), text: t(`heatmaps.defines.${name}`) }))}
    >
      <div className="path-from">
        <NameField
          label={t("heatmaps.page")}
          showLabel
          search
          value={path}
          names={names.list}
          placeholder={t("heatmaps.pagePlaceholder")}
          maxLength={255}
          onCommit={(value) => change({ path: value.trim() || undefined, viewport: undefined })}
        />
        {path && <PageAction websiteUrl={project.websiteUrl} path={path} />}
      </div>
      {nothing ? (
        <Card title={t("heatmaps.clicks")}>
          <Empty title={t("heatmaps.noPages")} text={t("explore.emptyText")} />
        </Card>
      ) : !answer && error ? (
        <Card title={t("heatmaps.clicks")}>
          <ErrorState error={error} onRetry={retry} />
        </Card>
      ) : (
        <div className="heat">
          <Clicks
            answer={answer}
            path={path}
            stale={query.isPlaceholderData}
            viewport={typeof own.viewport === "string" ? own.viewport : undefined}
            onViewport={(viewport) => change({ viewport })}
            csv={<CSVButton name={t("heatmaps.title")} days={days} table={csv} />}
          />
          <ScrollDepths answer={answer} stale={query.isPlaceholderData} />
        </div>
      )}
    </ExplorePage>
  );
}

interface ClicksProps {
  answer: QueryHeatmapResponse | undefined;
  path: string;
  stale: boolean;
  viewport: string | undefined;
  onViewport: (viewport: string) => void;
  csv: React.ReactNode;
}

function Clicks({ answer, path, stale, viewport, onViewport, csv }: ClicksProps) {
  const { t } = useTranslation();
  const [view, setView] = useState<"chart" | "table">("chart");
  const [screenshot, setScreenshot] = useState<Screenshot>();
  const classes = answer?.classes ?? none;
  // The one asked for, else the one with the most clicks of those whose places are known.
  const shown = useMemo(
    () => classes.find((one) => one.viewport === viewport) ?? [...classes].sort((a, b) => Number(b.binned - a.binned) || Number(b.clicks - a.clicks))[0],
    [classes, viewport],
  );
  const image = screenshot?.path === path ? screenshot.bitmap : undefined;
  const sheet = useMemo(() => shown && sheetOf(shown.viewport, shown.bins, image), [shown, image]);
  const name = (one: HeatmapClass) => (one.viewport ? t("heatmaps.className", { width: className(one.viewport) }) : t("heatmaps.unknownClass"));
  return (
    <div className="heat-main">
      <Card
        title={t("heatmaps.clicks")}
        explanation={t("heatmaps.defines.clicks")}
        stale={stale}
        busy={!answer}
        tools={
          <>
            <ViewToggle view={view} onChange={setView} />
            {csv}
          </>
        }
      >
        {!answer ? (
          <LinesSkeleton rows={12} height={48} />
        ) : !shown || !sheet ? (
          <Empty title={t("heatmaps.empty")} text={t("heatmaps.emptyText")} />
        ) : (
          <>
            <div className="heat-tools">
              <Toggle
                label={t("heatmaps.viewport")}
                chosen={shown.viewport}
                options={classes.map((one) => ({ id: one.viewport, text: `${name(one)} · ${format.count(Number(one.clicks), "short")}` }))}
                onChange={onViewport}
              />
              {view === "chart" && shown.binned > 0n && <ScreenshotField path={path} screenshot={image && screenshot} width={sheet.pageWidth} onChange={setScreenshot} />}
            </div>
            {shown.binned === 0n ? (
              <Empty title={t("heatmaps.noPlaces")} text={t("heatmaps.noPlacesText")} />
            ) : view === "chart" ? (
              <>
                <div className="heat-scroll" tabIndex={0} role="region" aria-label={t("heatmaps.drawing")}>
                  <HeatmapCanvas
                    sheet={sheet}
                    bins={shown.bins}
                    screenshot={image}
                    label={t("heatmaps.canvas", { count: Number(shown.binned), formatted: format.count(Number(shown.binned), "exact"), width: name(shown), ...hottest(shown) })}
                  />
                </div>
                <div className="heat-foot">
                  <span className="heat-legend">
                    {t("heatmaps.few")} <span className={image ? "heat-ramp heat-ramp-light" : "heat-ramp"} aria-hidden="true" /> {t("heatmaps.many")}
                  </span>
                  <span>{placedText(shown, sheet.beyond, t)}</span>
                  {!image && <span>{t("heatmaps.fold")}</span>}
                </div>
              </>
            ) : (
              <BinTable shown={shown} />
            )}
          </>
        )}
      </Card>
      {shown && shown.selectors.length > 0 && (
        <Card title={t("heatmaps.selectors")} explanation={t("heatmaps.defines.selector")} stale={stale}>
          <RowList
            caption={t("heatmaps.selectors")}
            columns={{ label: t("heatmaps.selector"), value: t("heatmaps.clicks"), share: t("heatmaps.share") }}
            rows={shown.selectors.map((one) => ({
              label: one.selector,
              value: Number(one.clicks),
              share: shown.clicks > 0n ? Number(one.clicks) / Number(shown.clicks) : null,
            }))}
          />
        </Card>
      )}
    </div>
  );
}

const none: HeatmapClass[] = [];

/** "under 576" as signs, for every language: "< 576". */
function className(viewport: string): string {
  return viewport.replace(/^under (\d+)$/, "< $1").replace(/^(\d+) to (\d+)$/, "$1–$2").replace(/^(\d+) and more$/, "≥ $1");
}

function hottest(shown: HeatmapClass) {
  const bin = shown.bins[0];
  return { x: bin?.x ?? 0, y: (bin?.y ?? 0) * binHeight };
}

function placedText(shown: HeatmapClass, beyond: number, t: ReturnType<typeof useTranslation>["t"]): string {
  const drawn = Number(shown.binned) - beyond;
  return t("heatmaps.placedText", { drawn: format.count(drawn, "exact"), clicks: format.count(Number(shown.clicks), "exact") });
}

/** The warmest places as lines. */
function BinTable({ shown }: { shown: HeatmapClass }) {
  const { t } = useTranslation();
  const rows = shown.bins.slice(0, 100);
  return (
    <Scroll className="scroll-x heat-scroll" label={t("heatmaps.places")}>
      <Table
        rows={rows}
        rowKey={({ x, y }) => `${x} ${y}`}
        columns={[
          {
            id: "top",
            head: t("heatmaps.fromTop"),
            cell: ({ y }) => `${format.count(y * binHeight, "exact")}–${format.count((y + 1) * binHeight, "exact")} px`,
          },
          { id: "left", head: t("heatmaps.fromLeft"), cell: ({ x }) => `${x}–${x + 1} %` },
          { id: "clicks", head: t("heatmaps.clicks"), cell: ({ clicks }) => format.count(Number(clicks), "exact") },
        ]}
      />
      {shown.bins.length > rows.length && <p className="panel-foot">{t("heatmaps.moreBins", { count: shown.bins.length - rows.length })}</p>}
    </Scroll>
  );
}

/** How many page views got how far down, from the top of the page to its end. */
function ScrollDepths({ answer, stale }: { answer: QueryHeatmapResponse | undefined; stale: boolean }) {
  const { t } = useTranslation();
  return (
    <Card
      title={t("heatmaps.depth")}
      explanation={t("heatmaps.defines.depth")}
      stale={stale}
      busy={!answer}
     
      foot={answer && t("heatmaps.measured", { measured: format.count(Number(answer.measured), "exact"), views: format.count(Number(answer.pageViews), "exact") })}
    >
      {!answer ? (
        <LinesSkeleton rows={21} height={24} />
      ) : answer.measured === 0n ? (
        <Empty title={t("heatmaps.noDepth")} text={t("heatmaps.noDepthText")} />
      ) : (
        <table className="depths">
          <caption className="visually-hidden">{t("heatmaps.depth")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("heatmaps.down")}</th>
              <th scope="col">{t("heatmaps.views")}</th>
              <th scope="col">%</th>
            </tr>
          </thead>
          <tbody>
            {answer.scroll.map(({ depth, pageViews, share }) => (
              <tr key={depth}>
                <th scope="row">{depth} %</th>
                <td title={format.count(Number(pageViews), "exact")}>
                  <span className="depth-bar" style={{ width: `${100 * (share ?? 0)}%` }} />
                  <span className="depth-count">{format.count(Number(pageViews), "short")}</span>
                </td>
                <td>{share === undefined ? dash : format.ratio(share, "short")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

/** Places, elements and depths in one file, told apart by the first column. */
const cells = (answer: QueryHeatmapResponse) => ({
  header: ["kind", "viewport", "from_left_percent", "from_top_px", "selector", "depth_percent", "count"],
  rows: [
    ...answer.classes.flatMap((one) => [
      ...one.bins.map((bin) => ["place", one.viewport, bin.x, bin.y * binHeight, "", null, Number(bin.clicks)]),
      ...one.selectors.map(({ selector, clicks }) => ["element", one.viewport, null, null, selector, null, Number(clicks)]),
    ]),
    ...answer.scroll.map(({ depth, pageViews }) => ["depth", "", null, null, "", depth, Number(pageViews)]),
  ],
});
