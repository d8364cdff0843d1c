import type { HeatmapBin } from "@microtracker/client/journeys";

/** How wide the pages of each class are drawn: a page as such visitors see it, and the room that it gets. In CSS pixels. */
const widths: Record<string, { page: number; drawn: number; screen: number }> = {
  "under 576": { page: 390, drawn: 340, screen: 760 },
  "576 to 991": { page: 768, drawn: 520, screen: 1000 },
  "992 to 1439": { page: 1200, drawn: 720, screen: 760 },
  "1440 and more": { page: 1600, drawn: 760, screen: 900 },
};

/** A bin is so high, in CSS pixels of the page. */
export const binHeight = 20;

/** Of longer pages the rest is not drawn: browsers have a limit for how tall a drawing may be. */
export const tallestPage = 9000;

export interface Sheet {
  /** The drawing's size in pixels. */
  width: number;
  height: number;
  /** The page's size in its own CSS pixels. */
  pageWidth: number;
  pageHeight: number;
  /** What of the page is seen first. */
  screen: number;
  /** Clicks further down than what is drawn. */
  beyond: number;
}

/** The sheet that a class's clicks are drawn on: as tall as the screenshot, else as far down as there are clicks. */
export function sheetOf(viewport: string, bins: HeatmapBin[], screenshot?: { width: number; height: number }): Sheet {
  const { page, drawn, screen } = widths[viewport] ?? widths["992 to 1439"]!;
  const deepest = bins.reduce((most, bin) => Math.max(most, (bin.y + 1) * binHeight), 0);
  const natural = screenshot ? (screenshot.height / Math.max(1, screenshot.width)) * page : Math.max(deepest + 100, screen);
  const pageHeight = Math.min(tallestPage, Math.max(1, natural));
  const beyond = bins.reduce((sum, bin) => sum + (bin.y * binHeight >= pageHeight ? Number(bin.clicks) : 0), 0);
  return { width: drawn, height: Math.round((pageHeight * drawn) / page), pageWidth: page, pageHeight, screen, beyond };
}

/** A place to warm: its middle on the sheet, and how strongly, 0 to 1. */
export interface Spot {
  x: number;
  y: number;
  strength: number;
}

/** The bins as spots. The root of the clicks, so that one hot place does not hide all others. */
export function spotsOf(bins: HeatmapBin[], sheet: Sheet): Spot[] {
  const most = bins.reduce((max, bin) => Math.max(max, Number(bin.clicks)), 1);
  return bins
    .filter((bin) => bin.y * binHeight < sheet.pageHeight)
    .map((bin) => ({
      x: ((bin.x + 0.5) / 100) * sheet.width,
      y: (((bin.y + 0.5) * binHeight) / sheet.pageHeight) * sheet.height,
      strength: Math.sqrt(Number(bin.clicks) / most),
    }));
}

type Colour = [red: number, green: number, blue: number, alpha: number];

/** From few to many. Lightness falls, or in the dark rises, all the way: it can be read without telling colours apart. */
export const ramps: Record<"light" | "dark", Colour[]> = {
  light: [
    [255, 221, 120, 0],
    [255, 205, 90, 150],
    [245, 130, 30, 190],
    [200, 40, 40, 215],
    [90, 10, 70, 235],
  ],
  dark: [
    [80, 20, 90, 0],
    [130, 35, 110, 170],
    [215, 70, 70, 200],
    [250, 150, 50, 225],
    [255, 240, 170, 245],
  ],
};

/** 256 colours of a ramp, four bytes each. */
export function paletteOf(ramp: Colour[]): Uint8ClampedArray {
  const palette = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (ramp.length - 1);
    const low = ramp[Math.floor(at)]!;
    const high = ramp[Math.min(ramp.length - 1, Math.floor(at) + 1)]!;
    for (let part = 0; part < 4; part++) palette[4 * i + part] = low[part]! + (high[part]! - low[part]!) * (at % 1);
  }
  return palette;
}

/** Gives each pixel the colour of its warmth, which is its opacity. */
export function colourIn(pixels: Uint8ClampedArray, palette: Uint8ClampedArray): void {
  for (let i = 0; i < pixels.length; i += 4) {
    const at = 4 * pixels[i + 3]!;
    pixels[i] = palette[at]!;
    pixels[i + 1] = palette[at + 1]!;
    pixels[i + 2] = palette[at + 2]!;
    pixels[i + 3] = palette[at + 3]!;
  }
}

/** A screenshot may have so many bytes and pixels: a browser keeps four bytes of each pixel. */
export const largestFile = 20 * 1024 * 1024;
export const mostPixels = 60_000_000;

export const imageTypes = ["image/png", "image/jpeg", "image/webp"];

/** Why a file cannot be a screenshot; undefined: it may be one. */
export function refusal(file: { type: string; size: number }): "type" | "size" | undefined {
  if (!imageTypes.includes(file.type)) return "type";
  return file.size > largestFile ? "size" : undefined;
}
