import { createConnectQueryKey, useMutation } from "@connectrpc/connect-query";
import { ReportingService } from "@microtracker/client/reporting";
import { type ErasureReceipt, TrackingService } from "@microtracker/client/tracking";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { Modal } from "../../ui/Modal";

/** Erases a visitor for good once his number is typed, and then shows the receipt. */
export function EraseVisitor({ projectId, visitorId, onClose }: { projectId: bigint; visitorId: bigint; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [typed, setTyped] = useState("");
  const [receipt, setReceipt] = useState<ErasureReceipt>();
  const erase = useMutation(TrackingService.method.eraseVisitor);
  const word = String(visitorId);

  const leave = async () => {
    await navigate({ to: "/p/$projectId/visitors", params: { projectId: String(projectId) }, search: true, replace: true });
    // What was fetched of him is wrong now, lists and figures as well.
    void queryClient.invalidateQueries({ queryKey: createConnectQueryKey({ schema: ReportingService, cardinality: undefined }) });
  };

  if (receipt) {
    return (
      <Modal title={t("erase.doneTitle")} isOpen onClose={() => void leave()}>
        <p>{t("erase.doneText", { id: String(receipt.erasureId) })}</p>
        <dl className="fact-list">
          {Object.entries(receipt.deletedRows).map(([table, rows]) => (
            <div className="fact" key={table}>
              <dt>
                <code>{table}</code>
              </dt>
              <dd>{t("erase.rows", { count: Number(rows), formatted: format.count(Number(rows), "exact") })}</dd>
            </div>
          ))}
        </dl>
        <div className="dialog-actions">
          <Button look="primary" onClick={() => void leave()}>
            {t("erase.done")}
          </Button>
        </div>
      </Modal>
    );
  }
  return (
    <Modal title={t("erase.title")} isOpen onClose={onClose} role="alertdialog">
      <Form
        onSubmit={() => {
          erase.mutate({ projectId, visitor: { case: "visitorId", value: visitorId } }, { onSuccess: (answer) => setReceipt(answer.receipt) });
        }}
      >
        <p>{t("erase.text")}</p>
        <ul className="goes">
          <li>{t("erase.goes.events")}</li>
          <li>{t("erase.goes.sessions")}</li>
          <li>{t("erase.goes.figures")}</li>
        </ul>
        <FormError error={erase.error} />
        <TextField
          label={t("erase.confirm", { id: word })}
          autoComplete="off"
          inputMode="numeric"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <div className="dialog-actions">
          <Button onClick={onClose}>{t("app.cancel")}</Button>
          <Button type="submit" look="danger" pending={erase.isPending} disabled={typed.trim() !== word}>
            {t("erase.action")}
          </Button>
        </div>
      </Form>
    </Modal>
  );
}
