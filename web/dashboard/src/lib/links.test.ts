import { expect, test } from "vitest";
import { pageLink, safeLink } from "./links";

test("only http and https become links", () => {
  expect(safeLink("https://example.com/a")).toBe("https://example.com/a");
  for (const bad of ["javascript:alert(1)", "data:text/html,x", "ftp://example.com", "example.com", "", " JAVASCRIPT:alert(1)"]) {
    expect(safeLink(bad)).toBeUndefined();
  }
});

test("a visited path links to the website and to no other host", () => {
  expect(pageLink("https://shop.example", "/a?b=c")).toBe("https://shop.example/a?b=c");
  for (const path of ["//evil.example/x", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "", "a"]) {
    expect(pageLink("https://shop.example", path)).toBeUndefined();
  }
  expect(pageLink("", "/a")).toBeUndefined();
  expect(pageLink("javascript:alert(1)", "/a")).toBeUndefined();
});
