import { describe, expect, test } from "vitest";
import { addDays, addMonths, dayIn, daysBetween, isDay } from "./days";

describe("the day in a time zone", () => {
  test("differs between zones at the same instant", () => {
    const at = new Date("2026-11-01T23:30:00Z");
    expect(dayIn("UTC", at)).toBe("2026-11-01");
    expect(dayIn("Europe/Berlin", at)).toBe("2026-11-02");
    expect(dayIn("America/New_York", at)).toBe("2026-11-01");
    expect(dayIn("Pacific/Kiritimati", at)).toBe("2026-11-02");
    expect(dayIn("Pacific/Niue", at)).toBe("2026-11-01");
  });

  test("begins at local midnight on the day the clocks go back", () => {
    // Berlin, 25 October 2026: midnight is 22:00 UTC before, 23:00 UTC after.
    expect(dayIn("Europe/Berlin", new Date("2026-10-24T21:59:59Z"))).toBe("2026-10-24");
    expect(dayIn("Europe/Berlin", new Date("2026-10-24T22:00:00Z"))).toBe("2026-10-25");
    expect(dayIn("Europe/Berlin", new Date("2026-10-25T22:59:59Z"))).toBe("2026-10-25");
    expect(dayIn("Europe/Berlin", new Date("2026-10-25T23:00:00Z"))).toBe("2026-10-26");
  });

  test("begins at local midnight on the day the clocks go forward", () => {
    // New York, 8 March 2026: midnight is 05:00 UTC before, 04:00 UTC after.
    expect(dayIn("America/New_York", new Date("2026-03-08T04:59:59Z"))).toBe("2026-03-07");
    expect(dayIn("America/New_York", new Date("2026-03-08T05:00:00Z"))).toBe("2026-03-08");
    expect(dayIn("America/New_York", new Date("2026-03-09T03:59:59Z"))).toBe("2026-03-08");
    expect(dayIn("America/New_York", new Date("2026-03-09T04:00:00Z"))).toBe("2026-03-09");
  });

  test("is UTC's where the zone is unknown", () => {
    expect(dayIn("Mars/Olympus", new Date("2026-11-01T23:30:00Z"))).toBe("2026-11-01");
  });
});

describe("calendar arithmetic", () => {
  test("counts a day of 23 or 25 hours as one", () => {
    expect(addDays("2026-10-24", 2)).toBe("2026-10-26");
    expect(addDays("2026-03-28", 2)).toBe("2026-03-30");
    expect(daysBetween("2026-10-25", "2026-10-26")).toBe(1);
    expect(daysBetween("2026-01-01", "2027-01-01")).toBe(365);
  });

  test("keeps to the end of shorter months", () => {
    expect(addMonths("2026-03-31", -1)).toBe("2026-02-28");
    expect(addMonths("2028-02-29", -12)).toBe("2027-02-28");
    expect(addMonths("2026-01-15", -12)).toBe("2025-01-15");
  });

  test("knows which days exist", () => {
    expect(isDay("2028-02-29")).toBe(true);
    for (const text of ["2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "", "today"]) expect(isDay(text)).toBe(false);
  });
});
