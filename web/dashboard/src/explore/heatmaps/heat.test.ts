import { create } from "@bufbuild/protobuf";
import { HeatmapBinSchema } from "@microtracker/client/journeys";
import { describe, expect, test } from "vitest";
import { colourIn, largestFile, paletteOf, ramps, refusal, sheetOf, spotsOf } from "./heat";

const bin = (x: number, y: number, clicks: number) => create(HeatmapBinSchema, { x, y, clicks: BigInt(clicks) });

describe("the sheet", () => {
  test("is as tall as there are clicks", () => {
    expect(sheetOf("under 576", [bin(0, 99, 1)])).toMatchObject({ width: 340, pageWidth: 390, pageHeight: 2100, height: Math.round((2100 * 340) / 390), beyond: 0 });
  });
  test("is at least one screen, also without clicks and for a class that is not known", () => {
    expect(sheetOf("992 to 1439", []).pageHeight).toBe(760);
    expect(sheetOf("", []).pageWidth).toBe(1200);
  });
  test("is as tall as the screenshot, and says what lies further down", () => {
    expect(sheetOf("992 to 1439", [bin(0, 10, 2), bin(0, 60, 5)], { width: 600, height: 500 })).toMatchObject({ pageHeight: 1000, beyond: 5 });
  });
  test("has an end", () => {
    expect(sheetOf("under 576", [bin(0, 49_999, 3), bin(0, 1, 1)])).toMatchObject({ pageHeight: 9000, beyond: 3 });
  });
});

test("spots are in the middle of their bins, and the warmest has strength 1", () => {
  const bins = [bin(0, 0, 4), bin(99, 49, 1), bin(0, 49_999, 16)];
  const sheet = { ...sheetOf("992 to 1439", []), pageHeight: 1000, height: 600 };
  expect(spotsOf(bins, sheet)).toEqual([
    { x: 3.6, y: 6, strength: 0.5 },
    { x: 716.4, y: 594, strength: 0.25 },
  ]);
});

test("a palette goes from nothing to its last colour, and pixels take theirs by opacity", () => {
  const palette = paletteOf(ramps.light);
  expect([...palette.slice(0, 4)]).toEqual([255, 221, 120, 0]);
  expect([...palette.slice(-4)]).toEqual([90, 10, 70, 235]);
  const pixels = new Uint8ClampedArray([0, 0, 0, 0, 9, 9, 9, 255]);
  colourIn(pixels, palette);
  expect([...pixels]).toEqual([255, 221, 120, 0, 90, 10, 70, 235]);
});

test.each([
  ["image/png", 1, undefined],
  ["image/svg+xml", 1, "type"],
  ["text/html", 1, "type"],
  ["image/jpeg", largestFile + 1, "size"],
] as const)("a file of %s with %d bytes: %s", (type, size, reason) => {
  expect(refusal({ type, size })).toBe(reason);
});
