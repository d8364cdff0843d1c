import { AttributionModel } from "@microtracker/client/ad_reports";

/** The models in the server's order; the name is also the word in the address. */
export const models = {
  first: AttributionModel.FIRST,
  last: AttributionModel.LAST,
  linear: AttributionModel.LINEAR,
  decay: AttributionModel.TIME_DECAY,
  position: AttributionModel.POSITION,
} as const;

export type ModelName = keyof typeof models;
export const modelNames = Object.keys(models) as ModelName[];
export const readModel = (text: unknown): ModelName => modelNames.find((name) => name === text) ?? "last";

export const lookbacks = ["1", "7", "14", "30", "60", "90", "180", "365"] as const;
export type Lookback = (typeof lookbacks)[number];
/** How many days before a conversion a touch may be. */
export const readLookback = (text: unknown): Lookback => lookbacks.find((days) => days === text) ?? "30";
