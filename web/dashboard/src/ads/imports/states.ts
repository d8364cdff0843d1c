import { SpendImport_State as State, SpendOutcome } from "@microtracker/client/spend";

export const stateNames = {
  [State.UNSPECIFIED]: "uploaded",
  [State.UPLOADING]: "uploading",
  [State.UPLOADED]: "uploaded",
  [State.CHECKING]: "checking",
  [State.CHECKED]: "checked",
  [State.IMPORTING]: "importing",
  [State.IMPORTED]: "imported",
  [State.UNDOING]: "undoing",
  [State.UNDONE]: "undone",
} as const;

/** Work is done on it: its progress is asked for. */
export const isWorking = (state: State | undefined) => state === State.CHECKING || state === State.IMPORTING || state === State.UNDOING;

/** Steps that whoever imports goes through, and the one that an import is at. */
export const steps = ["file", "columns", "check", "import"] as const;

export function stepOf(state: State): number {
  switch (state) {
    case State.UNSPECIFIED:
    case State.UPLOADING:
      return 0;
    case State.UPLOADED:
      return 1;
    case State.CHECKING:
    case State.CHECKED:
      return 2;
    default:
      return 3;
  }
}

export const outcomes = ["new", "changed", "same", "refused", "leftOut"] as const;
export type Outcome = (typeof outcomes)[number];

export const outcomeOf: Record<Outcome, SpendOutcome> = {
  new: SpendOutcome.NEW,
  changed: SpendOutcome.CHANGED,
  same: SpendOutcome.SAME,
  refused: SpendOutcome.REFUSED,
  leftOut: SpendOutcome.LEFT_OUT,
};

export const outcomeName = (outcome: SpendOutcome): Outcome => outcomes.find((name) => outcomeOf[name] === outcome) ?? "leftOut";

/** Why rows are refused or left out, as the server calls it. */
export const reasons = [
  "total",
  "empty",
  "unreadable",
  "missing_id",
  "bad_platform",
  "bad_date",
  "not_daily",
  "future",
  "bad_number",
  "negative",
  "overflow",
  "wrong_currency",
  "duplicate",
  "macro",
  "spreadsheet",
] as const;
