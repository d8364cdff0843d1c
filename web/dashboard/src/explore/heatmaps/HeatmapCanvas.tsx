import type { HeatmapBin } from "@microtracker/client/journeys";
import { useEffect, useRef } from "react";
import { format } from "../../lib/format";
import { useTheme } from "../../ui/theme";
import { colourIn, paletteOf, ramps, type Sheet, spotsOf } from "./heat";

interface Props {
  sheet: Sheet;
  bins: HeatmapBin[];
  screenshot: ImageBitmap | undefined;
  /** What the drawing says, in words. */
  label: string;
}

const radius = 14;
/** Every so many CSS pixels of the page there is a line with its distance from the top. */
const ruler = 1000;

/** Clicks drawn over the outline of a page, or over a screenshot of it. */
export function HeatmapCanvas({ sheet, bins, screenshot, label }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();

  useEffect(() => {
    const place = canvas.current;
    const context = place?.getContext("2d");
    if (!place || !context) return;
    place.width = sheet.width;
    place.height = sheet.height;
    const style = getComputedStyle(place);
    if (screenshot) {
      context.drawImage(screenshot, 0, 0, sheet.width, (screenshot.height / screenshot.width) * sheet.width);
      // Paler, so that the warm places stand out.
      context.fillStyle = "rgb(255 255 255 / 45%)";
      context.fillRect(0, 0, sheet.width, sheet.height);
    } else {
      context.fillStyle = style.getPropertyValue("--surface-2");
      context.fillRect(0, 0, sheet.width, sheet.height);
      context.strokeStyle = style.getPropertyValue("--hairline");
      for (let y = ruler; y < sheet.pageHeight; y += ruler) line(context, sheet, y, []);
      context.strokeStyle = style.getPropertyValue("--control-line");
      line(context, sheet, sheet.screen, [6, 4]);
    }
    context.drawImage(warmth(sheet, bins, screenshot ? "light" : theme), 0, 0);
  }, [sheet, bins, screenshot, theme]);

  const marks = Array.from({ length: Math.floor((sheet.pageHeight - 1) / ruler) }, (_, i) => (i + 1) * ruler);
  return (
    <div className="heat-sheet" style={{ maxWidth: sheet.width }}>
      <canvas ref={canvas} className="heat-canvas" width={sheet.width} height={sheet.height} role="img" aria-label={label} />
      {marks.map((y) => (
        <span key={y} className="heat-mark" style={{ top: `${(100 * y) / sheet.pageHeight}%` }} aria-hidden="true">
          {format.count(y, "exact")} px
        </span>
      ))}
    </div>
  );
}

function line(context: CanvasRenderingContext2D, sheet: Sheet, y: number, dash: number[]) {
  const at = Math.round((y / sheet.pageHeight) * sheet.height) + 0.5;
  context.setLineDash(dash);
  context.beginPath();
  context.moveTo(0, at);
  context.lineTo(sheet.width, at);
  context.stroke();
}

/** The spots as a picture: first how warm each pixel is, then its colour. */
function warmth(sheet: Sheet, bins: HeatmapBin[], theme: "light" | "dark"): HTMLCanvasElement {
  const layer = document.createElement("canvas");
  layer.width = sheet.width;
  layer.height = sheet.height;
  const context = layer.getContext("2d", { willReadFrequently: true });
  const stamp = document.createElement("canvas");
  stamp.width = stamp.height = 2 * radius;
  const ink = stamp.getContext("2d");
  if (!context || !ink) return layer;
  const fade = ink.createRadialGradient(radius, radius, 0, radius, radius, radius);
  fade.addColorStop(0, "rgb(0 0 0 / 100%)");
  fade.addColorStop(1, "rgb(0 0 0 / 0%)");
  ink.fillStyle = fade;
  ink.fillRect(0, 0, 2 * radius, 2 * radius);
  for (const { x, y, strength } of spotsOf(bins, sheet)) {
    context.globalAlpha = 0.12 + 0.6 * strength;
    context.drawImage(stamp, x - radius, y - radius);
  }
  const image = context.getImageData(0, 0, sheet.width, sheet.height);
  colourIn(image.data, paletteOf(ramps[theme]));
  context.putImageData(image, 0, 0);
  return layer;
}
