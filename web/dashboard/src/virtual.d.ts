/** Made by build/world.ts. */
declare module "virtual:world" {
  const world: {
    width: number;
    height: number;
    /** Code: ISO 3166-1 alpha-2; empty where none is agreed on. */
    shapes: { code: string; path: string }[];
    /** Countries too small for an outline. */
    points: { code: string; x: number; y: number }[];
  };
  export default world;
}
