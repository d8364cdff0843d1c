import { install } from "./api.ts";
import { readConfig } from "./config.ts";
import { guard } from "./guard.ts";
import { start } from "./tracker.ts";

guard(() =>
  install(() => {
    readConfig();
    start();
  }),
)();
