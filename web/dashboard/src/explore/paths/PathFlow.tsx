import { useState } from "react";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { ForeignText } from "../../ui/Text";
import { type Flow, type Node, outline } from "./flow";

interface Props {
  flow: Flow;
  /** The flow sets out at the right. */
  turned: boolean;
  /** Sets out from a page instead. */
  onOpen: (path: string) => void;
}

/** A column's width in the drawing's own units; the browser stretches it to the room there is. */
const columnWidth = 200;
const barWidth = 6;

/** Pages in columns, sessions as bands between them. A page pointed at or focused shows where its sessions went and came from. */
export function PathFlow({ flow, turned, onOpen }: Props) {
  const { t } = useTranslation();
  const [active, setActive] = useState<number>();
  const width = flow.columns * columnWidth;
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={t("paths.title")}>
      <div style={{ minWidth: flow.columns * 168 }}>
        <div className="flow-steps" style={{ gridTemplateColumns: `repeat(${flow.columns}, 1fr)` }} aria-hidden="true">
          {Array.from({ length: flow.columns }, (_, i) => (
            <span key={i}>{stepName(turned ? i - flow.columns + 1 : i) ?? t(turned ? "paths.endStep" : "paths.startStep")}</span>
          ))}
        </div>
        <div className="flow-body" style={{ height: flow.height }}>
          <svg className="flow-bands" viewBox={`0 0 ${width} ${Math.max(1, flow.height)}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
            {flow.bands.map((band) => (
              <path
                key={`${band.from.index}-${band.to.index}`}
                d={outline(band, band.from.column * columnWidth + barWidth, band.to.column * columnWidth)}
                className={active === undefined ? "band" : active === band.from.index || active === band.to.index ? "band band-on" : "band band-off"}
              />
            ))}
            {flow.nodes.map((node) => {
              const x = node.column * columnWidth;
              const over = node.sessions > 0 ? (node.height * node.ended) / node.sessions : 0;
              return (
                <g key={node.index} className={active === undefined || active === node.index ? "" : "node-off"}>
                  <rect x={x} y={node.y} width={barWidth} height={node.height} className={node.other ? "node node-other" : "node"} />
                  <rect x={x} y={node.y + node.height - over} width={barWidth} height={over} className="node-ended" />
                </g>
              );
            })}
          </svg>
          <ul className="flow-nodes" aria-label={t("paths.pages")}>
            {flow.nodes.map((node) => (
              <FlowNode
                key={node.index}
                node={node}
                columns={flow.columns}
                turned={turned}
                onActive={(on) => setActive(on ? node.index : undefined)}
                onOpen={onOpen}
              />
            ))}
          </ul>
        </div>
      </div>
    </div>
  );
}

/** "+1", "+2"; backwards "−1", "−2". Undefined where the flow sets out. */
function stepName(step: number): string | undefined {
  return step === 0 ? undefined : step > 0 ? `+${step}` : `−${-step}`;
}

interface NodeProps {
  node: Node;
  columns: number;
  turned: boolean;
  onActive: (on: boolean) => void;
  onOpen: (path: string) => void;
}

function FlowNode({ node, columns, turned, onActive, onOpen }: NodeProps) {
  const { t } = useTranslation();
  const sessions = format.count(node.sessions, "exact");
  const details = t(turned ? "paths.nodeBegan" : "paths.nodeEnded", { count: node.sessions, sessions, ended: format.count(node.ended, "exact") });
  // Beside the bar, which is stretched with its column.
  const bar = barWidth / columnWidth;
  const place = { left: `${(100 * (node.column + bar)) / columns}%`, top: node.y, width: `${(100 * (1 - bar)) / columns}%` };
  const content = (
    <>
      {node.other ? <span className="ellipsis">{t("paths.other")}</span> : <ForeignText text={node.path} />}
      <span className="flow-count">{format.count(node.sessions, "short")}</span>
    </>
  );
  const watch = {
    onPointerEnter: () => onActive(true),
    onPointerLeave: () => onActive(false),
    onFocus: () => onActive(true),
    onBlur: () => onActive(false),
  };
  return (
    <li className="flow-place" style={place}>
      {node.other ? (
        <span className="flow-node" title={details} tabIndex={0} {...watch}>
          {content}
          <span className="visually-hidden">{details}</span>
        </span>
      ) : (
        <button type="button" className="flow-node" title={`${node.path}\n${details}`} onClick={() => onOpen(node.path)} {...watch}>
          {content}
          <span className="visually-hidden">
            {details} {t(turned ? "paths.openEnd" : "paths.openStart")}
          </span>
        </button>
      )}
    </li>
  );
}
