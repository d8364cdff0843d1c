import { expect, test } from "vitest";
import { addDecimals, isNothing, moneyFormatter } from "./values";

test.each([
  [[], "0"],
  [["12.50"], "12.50"],
  [["0.10", "0.20"], "0.30"],
  [["1", "2.5", "0.125"], "3.625"],
  [["-3.00", "1.25"], "-1.75"],
  [["-0.05", "0.04"], "-0.01"],
  [["99999999999999999999.99", "0.01"], "100000000000000000000.00"],
  [["7.00", "nothing", ""], "7.00"],
])("%j add up to %s", (values, sum) => {
  expect(addDecimals(values)).toBe(sum);
});

test("nothing is zero however it is written", () => {
  expect(["0", "0.00", "-0.0"].map(isNothing)).toEqual([true, true, true]);
  expect(["0.01", "10"].map(isNothing)).toEqual([false, false]);
});

test("money keeps every digit", () => {
  const money = moneyFormatter("en-US");
  expect(money.money("12345678901234567890.12", "EUR")).toBe("€12,345,678,901,234,567,890.12");
  expect(money.plain("1234.5")).toBe("1,234.50");
  expect(money.exact("0.875625", "EUR")).toBe("€0.875625");
  expect(money.money("5", "none")).toBe("5");
  expect(money.money("=1+1", "EUR")).toBe("–");
});
