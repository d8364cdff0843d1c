import { createRequire } from "node:module";
import { geoEqualEarth, geoPath } from "d3-geo";
import iso from "i18n-iso-countries";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import type { Plugin } from "vite";

const require = createRequire(import.meta.url);
const name = "virtual:world";
const width = 960;
const height = 440;

/**
 * The countries of the world as SVG paths by ISO 3166-1 alpha-2, drawn here rather than in the browser: that saves it the
 * projection. Those too small for the coarse outlines are points.
 */
export function worldMap(): Plugin {
  return {
    name: "world-map",
    resolveId: (id) => (id === name ? `\0${name}` : null),
    load: (id) => (id === `\0${name}` ? `export default ${JSON.stringify(draw())};` : null),
  };
}

function countries(file: string) {
  const topology = require(`world-atlas/${file}`) as Topology<{ countries: GeometryCollection<{ name: string }> }>;
  return feature(topology, topology.objects.countries).features.map((shape) => ({ shape, code: codeOf(shape.id, shape.properties.name) }));
}

function codeOf(id: string | number | undefined, named: string): string {
  if (id !== undefined) return iso.numericToAlpha2(String(id).padStart(3, "0")) ?? "";
  return named === "Kosovo" ? "XK" : "";
}

function draw() {
  const coarse = countries("countries-110m.json").filter(({ code }) => code !== "AQ");
  const projection = geoEqualEarth().rotate([-11, 0]);
  projection.fitSize([width, height], { type: "FeatureCollection", features: coarse.map(({ shape }) => shape) });
  const path = geoPath(projection).digits(1);
  const shapes = coarse.map(({ code, shape }) => ({ code, path: path(shape) ?? "" }));
  const drawn = new Set(shapes.map(({ code }) => code));
  const points = countries("countries-50m.json")
    .filter(({ code }) => code !== "" && code !== "AQ" && !drawn.has(code))
    .map(({ code, shape }) => {
      const [x, y] = path.centroid(shape);
      return { code, x: Math.round(x), y: Math.round(y) };
    });
  return { width, height, shapes, points };
}
