/** How a list that comes in pages is asked for the next one: for useInfiniteQuery. */
export const byPages = {
  pageParamKey: "pageToken" as const,
  getNextPageParam: (page: { nextPageToken: string }) => page.nextPageToken || undefined,
};
