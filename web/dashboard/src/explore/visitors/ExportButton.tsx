import type { JsonObject } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { useTransport } from "@connectrpc/connect-query";
import { TrackingService } from "@microtracker/client/tracking";
import { useEffect, useRef, useState } from "react";
import { download } from "../../lib/csv";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { useErrorText } from "../../ui/ErrorState";
import { Download } from "../../ui/icons";

/** Saves everything that is stored of a visitor as one JSON file: rows by the table they are of. */
export function ExportButton({ projectId, visitorId }: { projectId: bigint; visitorId: bigint }) {
  const { t } = useTranslation();
  const transport = useTransport();
  const errorText = useErrorText();
  const [state, setState] = useState<"idle" | "running" | "done">("idle");
  const [error, setError] = useState<unknown>();
  const gone = useRef(new AbortController());
  useEffect(() => {
    gone.current = new AbortController();
    return () => gone.current.abort();
  }, []);

  const save = async () => {
    const { signal } = gone.current;
    setState("running");
    setError(undefined);
    try {
      const tables: Record<string, JsonObject[]> = {};
      const rows = createClient(TrackingService, transport).exportVisitor({ projectId, visitor: { case: "visitorId", value: visitorId } }, { signal, timeoutMs: 0 });
      for await (const { table, row } of rows) if (row) (tables[table] ??= []).push(row);
      download(`visitor ${visitorId}.json`, `${JSON.stringify(tables, null, 2)}\n`, "application/json");
      setState("done");
    } catch (problem) {
      if (signal.aborted) return;
      setError(problem);
      setState("idle");
    }
  };

  const failed = error === undefined ? undefined : errorText(error);
  return (
    <>
      <span className={failed ? "warn" : "muted"} role="status">
        {failed ? `${failed.title}. ${failed.hint}` : state === "done" ? t("visitor.exported") : ""}
      </span>
      <Button pending={state === "running"} onClick={() => void save()}>
        <Download />
        {t("visitor.export")}
      </Button>
    </>
  );
}
