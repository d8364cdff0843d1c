// Never run: says what TypeScript makes of the package, as whoever installs it sees it.
import { type BeforeSend, consent, conversion, init, type Options, optIn, optOut, pageview, track } from "@microtracker/tracker";

const beforeSend: BeforeSend = (event) => (event.eventType === "EVENT_TYPE_EXIT" ? null : { ...event, title: "" });
const options: Options = {
  projectKey: "mt_pub_test",
  endpoint: "/collect",
  storedId: true,
  hash: true,
  consent: true,
  noStorage: true,
  manual: true,
  exclude: ["/admin/*"],
  downloads: ["pdf"],
  beforeSend,
};
init(options);
init({ projectKey: "mt_pub_test", endpoint: "/collect" });
track("Plan chosen");
track("Plan chosen", { plan: "yearly", seats: 3 });
conversion("Order", { value: 49.9, currency: "EUR", props: { items: 2 } });
conversion("Order", { value: "49.90" });
consent(true);
optOut();
optIn();
pageview();

// @ts-expect-error: there is no project without its key.
init({ endpoint: "/collect" });
// @ts-expect-error: an option that does not exist is a misspelt one.
init({ projectKey: "mt_pub_test", endpoint: "/collect", hashes: true });
// @ts-expect-error: an event has a name.
track();
// @ts-expect-error: a value is a number or text.
conversion("Order", { value: {} });
