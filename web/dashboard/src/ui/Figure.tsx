import type { ReactNode } from "react";
import { Tooltip } from "./Tooltip";

interface Props {
  name: string;
  /** What stands for the number: itself, a dash, or a bone while it is on the way. */
  value: ReactNode;
  /** The number with all its digits, where the value is shorter. */
  exact?: string | undefined;
  /** What more there is to say, each in a line of the tooltip. */
  lines: (string | undefined)[];
  /** How much it changed; undefined where nothing is compared. Its line is kept free while it is on the way. */
  change?: ReactNode;
  chosen: boolean;
  onChoose: () => void;
  /** Its course. */
  children?: ReactNode;
}

/** One of the numbers at the top of a report. Pressing it draws it. */
export function Figure({ name, value, exact, lines, change, chosen, onChoose, children }: Props) {
  const said = lines.filter((line) => line !== undefined);
  return (
    <Tooltip
      description={[exact, ...said].filter(Boolean).join(" ")}
      content={
        <>
          {exact && <p className="tooltip-value">{exact}</p>}
          {said.map((line) => (
            <p key={line}>{line}</p>
          ))}
        </>
      }
    >
      <button type="button" className="figure" aria-pressed={chosen} onClick={onChoose}>
        <span className="figure-name">{name}</span>
        <span className="figure-value">{value}</span>
        {change !== undefined && <span className="figure-change">{change}</span>}
        {children}
      </button>
    </Tooltip>
  );
}
