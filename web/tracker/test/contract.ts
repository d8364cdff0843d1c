import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Says what the generated contract has against a request body. Unknown fields and wrong types throw. */
export type Check = (body: string) => string[];

/** Loads the checker. Bundled, because the generated client outside this workspace finds no packages of its own. */
export async function loadContract(): Promise<Check> {
  const { outputFiles } = await build({
    stdin: {
      resolveDir: path("."),
      contents: `
        import { fromJsonString } from "@bufbuild/protobuf";
        import { createValidator } from "@bufbuild/protovalidate";
        import { EventSchema, TrackRequestSchema } from "../../../gen/ts/microtracker/v1/tracking_pb.js";
        const validator = createValidator();
        export function check(body) {
          const request = fromJsonString(TrackRequestSchema, body);
          const events = request.events.map((event) => validator.validate(EventSchema, event));
          return [validator.validate(TrackRequestSchema, request), ...events]
            .filter((result) => result.kind !== "valid")
            .map((result) => String(result.error));
        }`,
    },
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    nodePaths: [path("../../node_modules")],
  });
  const source = Buffer.from(outputFiles[0]!.contents).toString("base64");
  return (await import(`data:text/javascript;base64,${source}`)).check;
}
