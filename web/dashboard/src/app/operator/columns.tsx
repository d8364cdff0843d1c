import type { ReactNode } from "react";
import type { Translate } from "../../lib/i18n/translate";
import { More } from "../../ui/icons";
import { MenuButton, type MenuChoice } from "../../ui/MenuButton";
import type { Column } from "../../ui/Table";

// The columns that the lists of background work share.

interface AnyJob {
  id: bigint;
  kind: string;
  queue: string;
}

/** What a job is called; one whose payload cannot be read has no name. */
export const nameOf = (t: Translate, { kind }: AnyJob) => kind || t("work.unreadable");

export function jobColumn<T extends AnyJob>(t: Translate): Column<T> {
  return {
    id: "job",
    head: t("work.colJob"),
    cell: (job) => (
      <>
        <bdi className="list-name">{nameOf(t, job)}</bdi>
        <span className="sub">{t("work.inQueue", { queue: job.queue, id: String(job.id) })}</span>
      </>
    ),
  };
}

/** Whose work it is. */
export function ownerColumn<T extends { projectId: bigint }>(t: Translate): Column<T> {
  return {
    id: "owner",
    head: t("work.colOwner"),
    label: t("work.colOwner"),
    cell: ({ projectId }) => (projectId === 0n ? <span className="muted">{t("work.instance")}</span> : t("work.project", { id: String(projectId) })),
  };
}

/** What went wrong, if anything: its kind, and its words, which come from inside. */
export function errorColumn<T>(t: Translate, error: (row: T) => [kind: string, words: string]): Column<T> {
  const cell = (row: T): ReactNode => {
    const [kind, words] = error(row);
    if (!kind && !words) return null;
    return (
      <>
        {kind && <code>{kind}</code>}
        <bdi className="sub">{words}</bdi>
      </>
    );
  };
  return { id: "error", head: t("work.colError"), className: "work-error", cell };
}

export function actionsColumn<T extends AnyJob>(t: Translate, groups: (job: T) => MenuChoice[][]): Column<T> {
  return {
    id: "actions",
    head: t("work.colActions"),
    headless: true,
    cell: (job) => (
      <MenuButton
        label={t("work.actionsFor", { name: nameOf(t, job), id: String(job.id) })}
        menuLabel={t("work.colActions")}
        look="quiet"
        className="icon-button"
        groups={groups(job).map((choices) => ({ choices }))}
      >
        <More />
      </MenuButton>
    ),
  };
}
