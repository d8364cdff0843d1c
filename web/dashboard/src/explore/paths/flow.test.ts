import { create } from "@bufbuild/protobuf";
import { QueryPathsResponseSchema } from "@microtracker/client/journeys";
import { expect, test } from "vitest";
import { layOut, outline } from "./flow";

const answer = create(QueryPathsResponseSchema, {
  nodes: [
    { step: 0, path: "/", sessions: 100n, ended: 40n },
    { step: 1, path: "/a", sessions: 40n, ended: 40n },
    { step: 1, other: true, sessions: 20n, ended: 20n },
  ],
  links: [
    { from: 0, to: 2, sessions: 20n },
    { from: 0, to: 1, sessions: 40n },
  ],
});

test("a column is as tall as its sessions, and bands lie one below the other", () => {
  const { columns, nodes, bands } = layOut(answer, false);
  expect(columns).toBe(2);
  expect(nodes.map(({ column, y, height }) => [column, y, height])).toEqual([
    [0, 0, 420],
    [1, 0, 168],
    [1, 178, 84],
  ]);
  expect(bands.map(({ from, to, left, right, thickness }) => [from.index, to.index, left, right, thickness])).toEqual([
    [0, 1, 0, 0, 168],
    [0, 2, 168, 178, 84],
  ]);
});

test("turned round, the flow sets out at the right and still runs from left to right", () => {
  const { nodes, bands } = layOut(answer, true);
  expect(nodes.map((node) => node.column)).toEqual([1, 0, 0]);
  expect(bands.map(({ from, to }) => [from.index, to.index])).toEqual([
    [1, 0],
    [2, 0],
  ]);
});

test("small nodes leave room for their labels", () => {
  const { nodes } = layOut(
    create(QueryPathsResponseSchema, {
      nodes: [
        { step: 0, path: "/", sessions: 100_000n },
        { step: 0, path: "/b", sessions: 1n },
        { step: 0, path: "/c", sessions: 1n },
      ],
    }),
    false,
  );
  expect(nodes[2]!.y - nodes[1]!.y).toBe(34);
});

test("nothing has no columns, and links to nowhere are left out", () => {
  expect(layOut(create(QueryPathsResponseSchema, {}), false)).toEqual({ columns: 0, nodes: [], bands: [], height: 0 });
  expect(layOut(create(QueryPathsResponseSchema, { nodes: [{ step: 0, sessions: 1n }], links: [{ from: 0, to: 9, sessions: 1n }] }), false).bands).toEqual([]);
});

test("an outline is a closed shape", () => {
  const { bands } = layOut(answer, false);
  expect(outline(bands[0]!, 10, 30)).toBe("M10,0C20,0 20,0 30,0V168C20,168 20,168 10,168Z");
});
