import { Scope } from "@microtracker/client/access";
import { CreateApiKeyRequestSchema } from "@microtracker/client/api_keys";
import { expect, test } from "vitest";
import en from "../../lib/i18n/en/scopes";
import { validate } from "../../lib/violations";
import { apiKeyScopes, scopeCode, tokenScopes } from "./scopes";

const all = Object.values(Scope).filter((s): s is Scope => typeof s === "number" && s !== Scope.UNSPECIFIED);

test("scopes are written as tables and commands write them", () => {
  expect(scopeCode(Scope.ALL)).toBe("*");
  expect(scopeCode(Scope.REPORTS_READ)).toBe("reports:read");
  expect(scopeCode(Scope.API_KEYS_WRITE)).toBe("api_keys:write");
});

test("a token can be offered every scope of the contract, and each has its words", () => {
  expect([Scope.ALL, ...tokenScopes].sort((a, b) => a - b)).toEqual(all);
  for (const scope of all) expect(Object.keys(en.scopes)).toContain(Scope[scope]);
});

test("an API key is offered just what the contract accepts", () => {
  const accepted = all.filter((scope) => !validate(CreateApiKeyRequestSchema, { projectId: 1n, name: "x", scope: [scope] }).violations.scope);
  expect([Scope.ALL, ...apiKeyScopes].sort((a, b) => a - b)).toEqual(accepted);
});
