import { PrivacyMode } from "@microtracker/client/projects";
import { expect, test } from "vitest";
import { changedPaths, hostnameOf, type Settings } from "./changes";

const before: Settings = {
  name: "Shop",
  description: "",
  websiteUrl: "https://a.example",
  timeZone: "UTC",
  currency: "USD",
  isActive: true,
  allowedHostnames: ["a.example", "*.a.example"],
  privacyMode: PrivacyMode.COOKIELESS,
};

test("the mask names what changed, and only that", () => {
  expect(changedPaths(before, { ...before })).toEqual([]);
  expect(changedPaths(before, { ...before, isActive: false, websiteUrl: "" })).toEqual(["website_url", "is_active"]);
  expect(changedPaths(before, { ...before, allowedHostnames: ["a.example"] })).toEqual(["allowed_hostnames"]);
});

test("hostnames in another order are the same hostnames", () => {
  expect(changedPaths(before, { ...before, allowedHostnames: ["*.a.example", "a.example"] })).toEqual([]);
});

test("a pasted address becomes its host", () => {
  expect(hostnameOf(" https://Shop.Example.com:8080/path?q#f ")).toBe("shop.example.com");
  expect(hostnameOf("*.example.com")).toBe("*.example.com");
  expect(hostnameOf("localhost:3000")).toBe("localhost");
  expect(hostnameOf("example.com.")).toBe("example.com");
});
