import { useId, useRef, useState } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Close } from "../../ui/icons";
import { hostnameOf } from "./changes";

interface Props {
  hosts: string[];
  /** What is typed and not in the list yet. It counts when the form is saved. */
  draft: string;
  error: string | undefined;
  onChange: (hosts: string[], draft: string) => void;
}

/** A list of hostnames: what is in it with a way to take it out, and a field for one more. */
export function HostsField({ hosts, draft, error, onChange }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [duplicate, setDuplicate] = useState(false);
  const note = duplicate ? t("settings.hostDuplicate") : (error ?? t("settings.hostsHint"));
  const wrong = duplicate || error !== undefined;

  const add = () => {
    const host = hostnameOf(draft);
    if (host === "") return;
    if (hosts.includes(host)) setDuplicate(true);
    else onChange([...hosts, host], "");
    input.current?.focus();
  };
  const remove = (host: string) => {
    onChange(hosts.filter((h) => h !== host), draft);
    // The button that had the focus is gone.
    input.current?.focus();
  };
  return (
    <fieldset className="choices">
      <legend className="label">{t("settings.hosts")}</legend>
      {hosts.length === 0 ? (
        <p className="muted">{t("settings.hostsAny")}</p>
      ) : (
        <ul className="hosts">
          {hosts.map((host) => (
            <li key={host} className="host">
              <bdi className="ellipsis">{host}</bdi>
              <button type="button" className="host-remove" aria-label={t("settings.hostRemove", { host })} onClick={() => remove(host)}>
                <Close />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="host-add">
        <input
          ref={input}
          className="input"
          aria-label={t("settings.hostNew")}
          aria-invalid={wrong}
          aria-describedby={`${id}-note`}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          inputMode="url"
          placeholder="example.com"
          value={draft}
          onChange={(event) => {
            setDuplicate(false);
            onChange(hosts, event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || draft.trim() === "") return;
            event.preventDefault();
            add();
          }}
        />
        <Button onClick={add}>{t("settings.hostAdd")}</Button>
      </div>
      <p id={`${id}-note`} className={wrong ? "note note-error" : "note"} aria-live="polite">
        {note}
      </p>
    </fieldset>
  );
}
