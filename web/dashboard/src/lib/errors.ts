import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "@microtracker/client/errors";

/** The name of an ErrorReason, such as "NOT_FOUND". */
export type Reason = keyof typeof ErrorReason;

/** Everything the error map knows: the server's reasons and the two that never reach a server. */
export type ErrorKind = Exclude<Reason, "UNSPECIFIED"> | "UNREACHABLE" | "UNKNOWN";

/** google.rpc.ErrorInfo, https://google.aip.dev/193: reason = 1, domain = 2, metadata = 3. */
export interface ErrorInfo {
  reason: string;
  domain: string;
  metadata: Record<string, string>;
}

export function decodeErrorInfo(bytes: Uint8Array): ErrorInfo {
  const info: ErrorInfo = { reason: "", domain: "", metadata: {} };
  eachString(bytes, (field, value) => {
    if (field === 1) info.reason = text(value);
    if (field === 2) info.domain = text(value);
    if (field === 3) {
      const entry = { key: "", value: "" };
      eachString(value, (part, content) => {
        if (part === 1) entry.key = text(content);
        if (part === 2) entry.value = text(content);
      });
      info.metadata[entry.key] = entry.value;
    }
  });
  return info;
}

const utf8 = new TextDecoder();
const text = (bytes: Uint8Array) => utf8.decode(bytes);

function eachString(bytes: Uint8Array, visit: (field: number, value: Uint8Array) => void) {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type === WireType.LengthDelimited) visit(field, reader.bytes());
    else reader.skip(type, field);
  }
}

/** google.rpc.RetryInfo: retry_delay = 1, a google.protobuf.Duration with seconds = 1, nanos = 2. */
export function decodeRetryDelay(bytes: Uint8Array): number {
  let seconds = 0;
  eachString(bytes, (field, value) => {
    if (field !== 1) return;
    const reader = new BinaryReader(value);
    while (reader.pos < reader.len) {
      const [part, type] = reader.tag();
      if (part === 1 && type === WireType.Varint) seconds += Number(reader.int64());
      else if (part === 2 && type === WireType.Varint) seconds += reader.int32() / 1e9;
      else reader.skip(type, part);
    }
  });
  return seconds;
}

function detailOf<T>(error: ConnectError, type: string, decode: (bytes: Uint8Array) => T): T | undefined {
  for (const detail of error.details) {
    if ("type" in detail && detail.type === type) {
      try {
        return decode(detail.value as Uint8Array);
      } catch {
        return undefined;
      }
    }
  }
  return undefined;
}

const errorInfo = (error: ConnectError) => detailOf(error, "google.rpc.ErrorInfo", decodeErrorInfo);

/** In how many seconds the server wants to be asked again, where it says so. */
export function retryAfterOf(error: unknown): number | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  const seconds = detailOf(error, "google.rpc.RetryInfo", decodeRetryDelay);
  return seconds && seconds > 0 ? Math.ceil(seconds) : undefined;
}

/** What went wrong, for the error map and for branching. Never read the message for that. */
export function kindOf(error: unknown): ErrorKind {
  if (!(error instanceof ConnectError)) return "UNKNOWN";
  const name = errorInfo(error)?.reason.replace(/^ERROR_REASON_/, "");
  if (name && name !== "UNSPECIFIED" && Object.hasOwn(ErrorReason, name) && !/^\d/.test(name)) return name as ErrorKind;
  switch (error.code) {
    case Code.Unavailable:
      return "UNREACHABLE";
    case Code.Unauthenticated:
      return "UNAUTHENTICATED";
    case Code.NotFound:
      return "NOT_FOUND";
    case Code.Canceled:
    // Asked again by itself, what took too long would only keep the server from the rest.
    case Code.DeadlineExceeded:
      return "CANCELED";
    case Code.ResourceExhausted:
      return "OVERLOADED";
    case Code.Internal:
      return "INTERNAL";
    default:
      // A fetch that never got an answer is wrapped as Unknown around its TypeError.
      return error.cause instanceof TypeError ? "UNREACHABLE" : "UNKNOWN";
  }
}

/** The id that finds the error in the server's log, where the server gave one. */
export function requestIdOf(error: unknown): string | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  return errorInfo(error)?.metadata.request_id ?? error.metadata.get("x-request-id") ?? undefined;
}

/** Trying the same again may help. */
export function isTransient(kind: ErrorKind): boolean {
  return kind === "UNREACHABLE" || kind === "DATABASE_UNAVAILABLE" || kind === "OVERLOADED";
}
