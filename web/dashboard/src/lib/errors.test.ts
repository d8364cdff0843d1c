import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import en from "./i18n/en/common";
import { decodeErrorInfo, isTransient, kindOf, requestIdOf, retryAfterOf } from "./errors";
import { ErrorReason } from "@microtracker/client/errors";

const field = (writer: BinaryWriter, number: number, text: string) => writer.tag(number, WireType.LengthDelimited).string(text);

function errorInfo(reason: string, metadata: Record<string, string> = {}): Uint8Array {
  const writer = new BinaryWriter();
  field(writer, 1, reason);
  field(writer, 2, "microtracker");
  for (const [key, value] of Object.entries(metadata)) {
    writer.tag(3, WireType.LengthDelimited).bytes(field(field(new BinaryWriter(), 1, key), 2, value).finish());
  }
  // A field of a later version must not hurt.
  return writer.tag(9, WireType.Varint).uint32(7).finish();
}

function failure(code: Code, reason?: string, metadata?: Record<string, string>) {
  const error = new ConnectError("never shown", code);
  if (reason) error.details = [{ type: "google.rpc.ErrorInfo", value: errorInfo(reason, metadata) }];
  return error;
}

test("the reason decides, not the code", () => {
  expect(kindOf(failure(Code.Unauthenticated, "ERROR_REASON_LOGIN_FAILED"))).toBe("LOGIN_FAILED");
  expect(kindOf(failure(Code.Unauthenticated, "LOGIN_FAILED"))).toBe("LOGIN_FAILED");
});

test("without a reason that is known, the code decides", () => {
  expect(kindOf(failure(Code.Unavailable))).toBe("UNREACHABLE");
  expect(kindOf(failure(Code.DeadlineExceeded))).toBe("CANCELED");
  expect(kindOf(failure(Code.NotFound, "ERROR_REASON_OF_TOMORROW"))).toBe("NOT_FOUND");
  expect(kindOf(ConnectError.from(new TypeError("Failed to fetch")))).toBe("UNREACHABLE");
  expect(kindOf(new Error("x"))).toBe("UNKNOWN");
});

test("only what may pass by itself is tried again", () => {
  expect(isTransient("DATABASE_UNAVAILABLE")).toBe(true);
  expect(isTransient("NOT_FOUND")).toBe(false);
  expect(isTransient(kindOf(failure(Code.DeadlineExceeded)))).toBe(false);
});

test("the request id comes from the metadata", () => {
  expect(requestIdOf(failure(Code.Internal, "ERROR_REASON_INTERNAL", { other: "1", request_id: "r-1" }))).toBe("r-1");
  expect(requestIdOf(failure(Code.Internal))).toBeUndefined();
  expect(decodeErrorInfo(errorInfo("A")).domain).toBe("microtracker");
});

test("when to try again comes from the retry info, in whole seconds", () => {
  const error = failure(Code.ResourceExhausted, "ERROR_REASON_TOO_MANY_ATTEMPTS");
  expect(retryAfterOf(error)).toBeUndefined();
  const delay = new BinaryWriter().tag(1, WireType.Varint).int64(41).tag(2, WireType.Varint).int32(500_000_000);
  const value = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(delay.finish()).finish();
  error.details = [...error.details, { type: "google.rpc.RetryInfo", value }];
  expect(retryAfterOf(error)).toBe(42);
  expect(kindOf(error)).toBe("TOO_MANY_ATTEMPTS");
});

test("every reason of the contract has its text", () => {
  const names = Object.keys(ErrorReason).filter((name) => !/^\d/.test(name) && name !== "UNSPECIFIED");
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect(Object.keys(en.errors)).toContain(name);
});
