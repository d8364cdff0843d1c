/** Names of properties, the most frequent first, then those that are asked for elsewhere; each once, at most 100. */
export function keysOf(metas: (Record<string, unknown> | undefined)[], others: string[]): string[] {
  const counts = new Map<string, number>();
  for (const meta of metas) for (const key of Object.keys(meta ?? {})) counts.set(key, (counts.get(key) ?? 0) + 1);
  const seen = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([key]) => key);
  return [...new Set([...seen, ...others])].filter((key) => key !== "" && key.length <= 100).slice(0, 100);
}
