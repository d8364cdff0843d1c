import type { GetInstallationResponse } from "@microtracker/client/projects";

export const guideNames = ["html", "gtm", "wordpress", "react", "next", "shopify"] as const;
export type GuideName = (typeof guideNames)[number];

/** The snippet, rewritten for each place that it may be pasted into. What it consists of, only the server says. */
export function guides(installation: GetInstallationResponse): Record<GuideName, string> {
  const { snippet } = installation;
  const attributes = scriptAttributes(snippet);
  return {
    html: snippet,
    react: snippet,
    shopify: snippet,
    gtm: attributes.length > 0 ? tagManager(attributes) : snippet,
    next: attributes.length > 0 ? nextScript(attributes) : snippet,
    wordpress: `add_action('wp_head', function () { ?>\n${snippet}\n<?php });`,
  };
}

/** The attributes of the snippet's script tag. The document it is parsed in is inert: nothing loads or runs. */
function scriptAttributes(snippet: string): [name: string, value: string][] {
  const script = new DOMParser().parseFromString(snippet, "text/html").querySelector("script[src]");
  return script ? Array.from(script.attributes, (a) => [a.name, a.value]) : [];
}

const isFlag = (name: string) => name === "async" || name === "defer";

function tagManager(attributes: [string, string][]): string {
  const lines = attributes
    .filter(([name]) => !isFlag(name))
    .map(([name, value]) => `  script.setAttribute(${literal(name)}, ${literal(value)});`);
  return [
    "<script>",
    "(function () {",
    '  var script = document.createElement("script");',
    "  script.async = true;",
    ...lines,
    "  document.head.appendChild(script);",
    "})();",
    "</script>",
  ].join("\n");
}

function nextScript(attributes: [string, string][]): string {
  const props = attributes.filter(([name]) => !isFlag(name)).map(([name, value]) => `          ${name}=${jsx(value)}`);
  return [
    'import Script from "next/script";',
    "",
    "export default function RootLayout({ children }) {",
    "  return (",
    '    <html lang="en">',
    "      <body>",
    "        {children}",
    "        <Script",
    ...props,
    '          strategy="afterInteractive"',
    "        />",
    "      </body>",
    "    </html>",
    "  );",
    "}",
  ].join("\n");
}

/** A JavaScript string that cannot end the script element around it. */
const literal = (text: string) => JSON.stringify(text).replaceAll("<", "\\u003c");
const jsx = (text: string) => (/["\\{}<>&]/.test(text) ? `{${JSON.stringify(text)}}` : `"${text}"`);
