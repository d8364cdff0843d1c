import type { Project } from "@microtracker/client/projects";

/** What the general settings edit, named as update_mask names it. */
export type Settings = Pick<
  Project,
  "name" | "description" | "websiteUrl" | "timeZone" | "currency" | "isActive" | "allowedHostnames" | "privacyMode"
>;

const paths: Record<keyof Settings, string> = {
  name: "name",
  description: "description",
  websiteUrl: "website_url",
  isActive: "is_active",
  timeZone: "time_zone",
  currency: "currency",
  allowedHostnames: "allowed_hostnames",
  privacyMode: "privacy_mode",
};

export function settingsOf(project: Project): Settings {
  const { name, description, websiteUrl, timeZone, currency, isActive, allowedHostnames, privacyMode } = project;
  return { name, description, websiteUrl, timeZone, currency, isActive, allowedHostnames, privacyMode };
}

/** The update mask: the fields whose value is another now. The order of hostnames says nothing. */
export function changedPaths(before: Settings, after: Settings): string[] {
  const same = (key: keyof Settings) => {
    const [a, b] = [before[key], after[key]];
    if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
    return a.length === b.length && a.every((item) => b.includes(item));
  };
  return (Object.keys(paths) as (keyof Settings)[]).filter((key) => !same(key)).map((key) => paths[key]);
}

/** A hostname as the server keeps it, out of whatever was pasted: an address becomes its host. */
export function hostnameOf(text: string): string {
  const trimmed = text.trim().toLowerCase();
  return trimmed.replace(/^[a-z][a-z0-9+.-]*:\/\//, "").replace(/[/?#].*$/, "").replace(/:\d+$/, "").replace(/\.$/, "");
}
