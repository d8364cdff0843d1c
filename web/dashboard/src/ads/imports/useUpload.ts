import { createClient } from "@connectrpc/connect";
import { useTransport } from "@connectrpc/connect-query";
import { AdsService } from "@microtracker/client/ads";
import { useCallback, useRef, useState } from "react";
import { kindOf } from "../../lib/errors";
import { plainLayout } from "./layout";

/** Bytes sent at once, and the most that a file has. */
const pieceSize = 512 * 1024;
export const largestFile = 256 * 1024 * 1024;

/** A file name for the server, which takes no more than 255 characters. */
const nameOf = (file: File) => Array.from(file.name || "file.csv").slice(-200).join("");

/** Sends a file piece by piece and has it looked at. What fails goes on from where it was. */
export function useUpload(projectId: bigint, onDone: (importId: bigint) => void) {
  const transport = useTransport();
  const [file, setFile] = useState<File>();
  const [progress, setProgress] = useState<number>();
  const [error, setError] = useState<unknown>();
  /** The import under way, and how much of its file is there. */
  const at = useRef<{ importId: bigint; offset: number; file: File }>(undefined);

  const send = useCallback(
    async (chosen: File) => {
      const client = createClient(AdsService, transport);
      setFile(chosen);
      setError(undefined);
      setProgress(0);
      try {
        if (at.current?.file !== chosen) {
          const made = await client.createSpendImport({ projectId, fileName: nameOf(chosen) });
          at.current = { importId: made.import?.importId ?? 0n, offset: 0, file: chosen };
        }
        const { importId } = at.current;
        while (at.current.offset < chosen.size) {
          const { offset } = at.current;
          const data = new Uint8Array(await chosen.slice(offset, offset + pieceSize).arrayBuffer());
          const { nextOffset } = await client.uploadSpendChunk({ projectId, importId, offset: BigInt(offset), data });
          at.current.offset = Number(nextOffset);
          setProgress(at.current.offset / chosen.size);
        }
        try {
          await client.checkSpendImport({ projectId, importId });
        } catch (refused) {
          // No titles are known: its owner says what its columns hold.
          if (kindOf(refused) !== "VALIDATION_FAILED") throw refused;
          const layout = plainLayout(new Uint8Array(await chosen.slice(0, 16_384).arrayBuffer()));
          await client.checkSpendImport({ projectId, importId, layout });
        }
        at.current = undefined;
        onDone(importId);
      } catch (failed) {
        setError(failed);
      } finally {
        setProgress(undefined);
      }
    },
    [transport, projectId, onDone],
  );

  /** Forgets what was sent so far. */
  const giveUp = useCallback(() => {
    const { importId } = at.current ?? {};
    at.current = undefined;
    setFile(undefined);
    setError(undefined);
    if (importId) void createClient(AdsService, transport).cancelSpendImport({ projectId, importId }).catch(() => undefined);
  }, [transport, projectId]);

  return { file, progress, error, send, giveUp };
}
