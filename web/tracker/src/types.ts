// What a website sees of the tracker, as the npm package declares it.

/** Custom properties: plain JSON, at most 32 of them, names of at most 64 characters, 8 KiB altogether. */
export type Properties = Record<string, unknown>;

/** What is known about a conversion. */
export interface Conversion {
  /** What it is worth: a number, or a decimal as text such as "49.90". */
  value?: number | string | undefined;
  /** ISO 4217, such as "EUR". Absent: the project's currency. */
  currency?: string | undefined;
  props?: Properties | undefined;
}

export type EventType =
  | "PAGE_VIEW"
  | "EXIT"
  | "CLICK"
  | "FORM_START"
  | "FORM_SUBMIT"
  | "OUTBOUND_CLICK"
  | "FILE_DOWNLOAD"
  | "CONVERSION"
  | "CUSTOM";

/** What only some kinds of event carry. */
export interface EventFields {
  url?: string;
  name?: string;
  referrer?: string;
  title?: string;
  pageViewId?: string;
  selector?: string;
  scrollPct?: number;
  x?: number | undefined;
  y?: number | undefined;
  engagedMs?: number;
  meta?: object | undefined;
  value?: string | undefined;
  currency?: string | undefined;
}

/** An event as it is sent. The server refuses fields that are not these. */
export interface TrackedEvent extends EventFields {
  eventId: string;
  eventType: `EVENT_TYPE_${EventType}`;
  createTime: Date;
  url: string;
}

/** Sees each event before it is sent and returns it, changed or not, or null to drop it. One that throws drops it too. */
export type BeforeSend = (event: TrackedEvent) => TrackedEvent | null | undefined;

export interface Api {
  /** Counts a custom event. */
  track(name: string, props?: Properties): void;
  /** Counts a conversion. A value or currency that is none is left out. */
  conversion(name: string, details?: Conversion): void;
  /** The visitor's answer: what happened so far is sent, or dropped together with what is stored. */
  consent(given: boolean): void;
  /** This browser is not to be measured on this website any more, from now on. */
  optOut(): void;
  /** Takes optOut back. */
  optIn(): void;
}
