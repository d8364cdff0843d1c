/** An address that may become a link: http or https, nothing else. Undefined where it may not. */
export function safeLink(address: string): string | undefined {
  try {
    const url = new URL(address);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** The address of a visited path on the project's own website. A path that would lead to another host is no link. */
export function pageLink(websiteUrl: string, path: string): string | undefined {
  const site = safeLink(websiteUrl);
  if (!site || !path.startsWith("/")) return undefined;
  try {
    const url = new URL(path, site);
    return url.origin === new URL(site).origin ? url.href : undefined;
  } catch {
    return undefined;
  }
}
