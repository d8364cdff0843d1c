import { Scope } from "@microtracker/client/access";

export type ScopeName = Exclude<keyof typeof Scope, "UNSPECIFIED">;

/** What a personal access token can be able to do. */
export const tokenScopes = [
  Scope.ACCOUNT_READ,
  Scope.ACCOUNT_WRITE,
  Scope.PROJECTS_READ,
  Scope.PROJECTS_WRITE,
  Scope.API_KEYS_READ,
  Scope.API_KEYS_WRITE,
  Scope.TRACK_WRITE,
  Scope.REPORTS_READ,
  Scope.ADS_READ,
  Scope.ADS_WRITE,
  Scope.VISITORS_READ,
  Scope.VISITORS_ERASE,
  Scope.JOBS_READ,
  Scope.JOBS_WRITE,
];

/** What an API key can have in its scope: nothing of the account, no projects and no other keys. */
export const apiKeyScopes = [
  Scope.TRACK_WRITE,
  Scope.REPORTS_READ,
  Scope.PROJECTS_READ,
  Scope.ADS_READ,
  Scope.ADS_WRITE,
  Scope.VISITORS_READ,
  Scope.VISITORS_ERASE,
  Scope.JOBS_READ,
  Scope.JOBS_WRITE,
];

export const scopeName = (scope: Scope) => Scope[scope] as ScopeName;

/** As tables and commands write it: "reports:read". */
export function scopeCode(scope: Scope): string {
  if (scope === Scope.ALL) return "*";
  return (Scope[scope] ?? String(scope)).toLowerCase().replace(/_([a-z]+)$/, ":$1");
}
