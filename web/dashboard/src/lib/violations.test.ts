import { create } from "@bufbuild/protobuf";
import { violationsToProto } from "@bufbuild/protovalidate";
import { Code, ConnectError } from "@connectrpc/connect";
import { CreateTokenRequestSchema, RegisterRequestSchema } from "@microtracker/client/auth";
import { CreateProjectRequestSchema } from "@microtracker/client/projects";
import { expect, test } from "vitest";
import { serverViolations, validate } from "./violations";

test("rules in the proto are found through the slim descriptor", () => {
  const { violations } = validate(RegisterRequestSchema, { name: "", email: "nobody", password: "short" });
  expect(Object.entries(violations).map(([name, v]) => [name, v.ruleId])).toEqual([
    ["name", "string.min_len"],
    ["email", "string.email"],
    ["password", "string.min_len"],
  ]);
});

test("a valid message has none", () => {
  const { message, violations } = validate(CreateProjectRequestSchema, { name: "Shop", websiteUrl: "https://a.example", currency: "EUR" });
  expect(violations).toEqual({});
  expect(message.websiteUrl).toBe("https://a.example");
});

test("patterns and times are checked too", () => {
  expect(validate(CreateProjectRequestSchema, { name: "x", websiteUrl: "a.example" }).violations.website_url?.ruleId).toBe("string.pattern");
  expect(validate(CreateTokenRequestSchema, { name: "x", expiresAt: { seconds: 1n, nanos: 0 } }).violations.expires_at?.ruleId).toBe("timestamp.gt_now");
});

test("the server's violations are read from the error's detail", () => {
  const [, schema] = violationsToProto([]);
  const value = create(schema, {
    violations: [
      { field: { elements: [{ fieldName: "time_zone" }] }, ruleId: "time_zone.known", message: "unknown time zone" },
      { ruleId: "whole", message: "no" },
    ],
  });
  const error = new ConnectError("x", Code.InvalidArgument, undefined, [{ desc: schema, value }]);
  expect(serverViolations(error)).toEqual({
    time_zone: { ruleId: "time_zone.known", message: "unknown time zone" },
    "": { ruleId: "whole", message: "no" },
  });
});
