// Asks a running product how many visitors a project had, from where, and prints it as a table.
//
//   npm install @microtracker/client @bufbuild/protobuf @connectrpc/connect @connectrpc/connect-web
//   API_KEY=mt_key_… PROJECT_ID=1 node report.mjs http://localhost:8080
//
// The key needs the scope reports:read. In a browser the same code works with the session cookie, without a key.
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { Dimension, Metric } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";

const [, , baseUrl] = process.argv;
const { API_KEY, PROJECT_ID } = process.env;
if (!baseUrl || !API_KEY || !PROJECT_ID) {
  console.error("Say where the server is, and give API_KEY and PROJECT_ID: node report.mjs http://localhost:8080");
  process.exit(1);
}

const authorize = (next) => (request) => {
  request.header.set("Authorization", `Bearer ${API_KEY}`);
  return next(request);
};
const reporting = createClient(ReportingService, createConnectTransport({ baseUrl, interceptors: [authorize] }));

const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
const { rows, totals } = await reporting.query({
  projectId: BigInt(PROJECT_ID),
  metrics: [Metric.VISITORS, Metric.SESSIONS, Metric.PAGEVIEWS],
  dimensions: [Dimension.SOURCE],
  range: { case: "days", value: { since: day(-30), until: day(1) } },
  pageSize: 10,
});

// A value that is missing, such as a rate of nothing, is no number.
const numbers = (row) => row.metrics.map(({ value }) => (value.case === "number" ? value.value : null));
const line = (source, row) => {
  const [visitors, sessions, pageviews] = numbers(row);
  return { source, visitors, sessions, pageviews };
};
console.table([...rows.map((row) => line(row.dimensions[0] || "(direct)", row)), ...(totals ? [line("all", totals)] : [])]);
