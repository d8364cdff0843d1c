import { createConnectQueryKey, useMutation, useQuery } from "@connectrpc/connect-query";
import type { AdAccount } from "@microtracker/client/ad_reports";
import { AdsService } from "@microtracker/client/ads";
import { useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { TimeZoneField } from "../../app/projects/PlaceFields";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { FormError } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { Plus } from "../../ui/icons";
import { Modal } from "../../ui/Modal";
import { Paged } from "../../ui/Paged";
import { Table } from "../../ui/Table";
import { AdsPage } from "../parts";
import { platformIds, platformName } from "../values";

/** In which time zones platforms date what they report. */
export function Accounts() {
  const { t } = useTranslation();
  const project = useOpenProject();
  const queryClient = useQueryClient();
  const [edited, setEdited] = useState<AdAccount | "new">();
  const query = useQuery(AdsService.method.listAdAccounts, { projectId: project.id });
  // Days of every report move with the zones.
  const reload = () => queryClient.invalidateQueries({ queryKey: createConnectQueryKey({ schema: AdsService, cardinality: undefined }) });
  const remove = useMutation(AdsService.method.setAdAccount, { onSettled: reload });
  const accounts = query.data?.accounts;
  const zone = query.data?.defaultTimeZone ?? project.timeZone;

  return (
    <AdsPage
      title={t("ads.accounts.title")}
      lead={t("ads.accounts.lead")}
      tools={
        <Button look="primary" onClick={() => setEdited("new")}>
          <Plus />
          {t("ads.accounts.add")}
        </Button>
      }
    >
      <Card flush title={t("ads.accounts.list")} hint={t("ads.accounts.hint", { zone })} busy={!accounts && !query.isError}>
        <FormError error={remove.error} />
        <Paged query={query} rows={accounts} empty={<Empty title={t("ads.accounts.empty", { zone })} text={t("ads.accounts.emptyText")} />}>
          {(rows) => (
            <Table
              className="list"
              rows={rows}
              rowKey={({ platform }) => platform}
              columns={[
                { id: "platform", head: t("ads.levels.platform"), cell: ({ platform }) => <bdi className="list-name">{platformName(platform)}</bdi> },
                { id: "zone", head: t("projects.timeZone"), label: t("projects.timeZone"), cell: ({ timeZone }) => timeZone },
                {
                  id: "action",
                  head: t("ads.accounts.action"),
                  headless: true,
                  cell: (account) => (
                    <span className="ads-row-actions">
                      <Button look="quiet" aria-label={t("ads.accounts.changeNamed", { name: platformName(account.platform) })} onClick={() => setEdited(account)}>
                        {t("ads.accounts.change")}
                      </Button>
                      <Button
                        look="danger"
                        aria-label={t("ads.accounts.removeNamed", { name: platformName(account.platform) })}
                        pending={remove.isPending && remove.variables?.platform === account.platform}
                        onClick={() => remove.mutate({ projectId: project.id, platform: account.platform, timeZone: "" })}
                      >
                        {t("ads.accounts.remove")}
                      </Button>
                    </span>
                  ),
                },
              ]}
            />
          )}
        </Paged>
      </Card>
      {edited && <AccountForm account={edited === "new" ? undefined : edited} zone={zone} onClose={() => setEdited(undefined)} onDone={() => void reload()} />}
    </AdsPage>
  );
}

interface FormProps {
  /** The one to change; without it one is added. */
  account: AdAccount | undefined;
  zone: string;
  onClose: () => void;
  onDone: () => void;
}

function AccountForm({ account, zone, onClose, onDone }: FormProps) {
  const { t } = useTranslation();
  const project = useOpenProject();
  const list = useId();
  const [platform, setPlatform] = useState(account?.platform ?? "");
  const [timeZone, setTimeZone] = useState(account?.timeZone ?? zone);
  const form = useRpcForm(AdsService.method.setAdAccount, {
    onDone: () => {
      onDone();
      onClose();
    },
  });
  const submit = () => {
    const id = platform.trim().toLowerCase();
    if (!/^[a-z0-9_.-]{1,64}$/.test(id)) return form.refuse("platform", t("ads.accounts.platformWrong"));
    void form.submit({ projectId: project.id, platform: id, timeZone });
  };
  return (
    <Modal title={t(account ? "ads.accounts.changeTitle" : "ads.accounts.addTitle")} isOpen onClose={onClose}>
      <Form form={form} onSubmit={submit}>
        <FormError error={form.formError} />
        <TextField
          label={t("ads.levels.platform")}
          hint={t("ads.accounts.platformHint")}
          autoFocus={!account}
          autoComplete="off"
          autoCapitalize="none"
          readOnly={account !== undefined}
          list={list}
          value={platform}
          error={form.fieldErrors.platform}
          onChange={(event) => {
            setPlatform(event.target.value);
            form.clear("platform");
          }}
        />
        <datalist id={list}>
          {platformIds.map((id) => (
            <option key={id} value={id}>
              {platformName(id)}
            </option>
          ))}
        </datalist>
        <TimeZoneField
          value={timeZone}
          hint={t("ads.accounts.zoneHint")}
          error={form.fieldErrors.time_zone}
          onChange={(event) => {
            setTimeZone(event.target.value);
            form.clear("time_zone");
          }}
        />
        <div className="dialog-actions">
          <Button onClick={onClose}>{t("app.cancel")}</Button>
          <Button type="submit" look="primary" pending={form.pending}>
            {t("ads.accounts.save")}
          </Button>
        </div>
      </Form>
    </Modal>
  );
}
