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

function errorInfo(error: ConnectError): ErrorInfo | undefined {
  for (const detail of error.details) {
    if ("type" in detail && typeof detail.type === "string" && detail.type === "google.rpc.ErrorInfo") {
      try {
        return decodeErrorInfo(detail.value as Uint8Array);
      } catch {
        return undefined;
      }
    }
  }
  return undefined;
}

/** What went wrong, for the error map and for branching. Never read the message for that. */
export function kindOf(error: unknown): ErrorKind {
  if (!(error instanceof ConnectError)) return "UNKNOWN";
  const name = errorInfo(error)?.reason.replace(/^ERROR_REASON_/, "");
  if (name && name !== "UNSPECIFIED" && Object.hasOwn(ErrorReason, name) && !/^\d/.test(name)) return name as ErrorKind;
  switch (error.code) {
    case Code.Unavailable:
    case Code.DeadlineExceeded:
      return "UNREACHABLE";
    case Code.Unauthenticated:
      return "UNAUTHENTICATED";
    case Code.NotFound:
      return "NOT_FOUND";
    case Code.Canceled:
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
