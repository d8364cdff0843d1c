import { createQueryOptions, useTransport } from "@connectrpc/connect-query";
import { ReportingService } from "@microtracker/client/reporting";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useState } from "react";
import { kindOf } from "../../lib/errors";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { useErrorText } from "../../ui/ErrorState";
import { Form } from "../../ui/Form";

/** Opens the visitor whose stored id somebody names, as for a request to see or to erase what is stored. */
export function FindVisitor({ projectId }: { projectId: bigint }) {
  const { t } = useTranslation();
  const id = useId();
  const queryClient = useQueryClient();
  const transport = useTransport();
  const navigate = useNavigate();
  const errorText = useErrorText();
  const [key, setKey] = useState("");
  const [pending, setPending] = useState(false);
  const [problem, setProblem] = useState("");

  const find = async () => {
    const value = key.trim();
    if (value === "") return;
    setPending(true);
    setProblem("");
    try {
      const options = createQueryOptions(ReportingService.method.getVisitor, { projectId, which: { case: "visitorKey", value }, pageSize: 1 }, { transport });
      const { visitor } = await queryClient.fetchQuery(options);
      if (visitor) await navigate({ to: "/p/$projectId/visitors/$visitorId", params: { projectId: String(projectId), visitorId: String(visitor.id) }, search: true });
    } catch (error) {
      const { title, hint } = errorText(error);
      setProblem(kindOf(error) === "NOT_FOUND" ? t("visitors.notFound") : `${title}. ${hint}`);
    } finally {
      setPending(false);
    }
  };

  return (
    <Form className="lookup" onSubmit={() => void find()}>
      <label htmlFor={id} className="visually-hidden">
        {t("visitors.find")}
      </label>
      <input
        id={id}
        className="input"
        value={key}
        maxLength={255}
        placeholder={t("visitors.find")}
        autoComplete="off"
        spellCheck={false}
        data-search
        aria-describedby={`${id}-note`}
        onChange={(event) => {
          setKey(event.target.value);
          setProblem("");
        }}
      />
      <Button type="submit" pending={pending}>
        {t("visitors.findAction")}
      </Button>
      <span id={`${id}-note`} className="small warn" role="status">
        {problem}
      </span>
    </Form>
  );
}
