import type { ReactNode } from "react";
import { useTranslation } from "../lib/i18n/useTranslation";
import { useReport } from "../reports/useReport";
import { ChevronDown } from "../ui/icons";
import { MenuButton } from "../ui/MenuButton";
import { useTitle } from "../ui/useTitle";

/** A page about ads: its name and what it answers. */
export function AdsPage({ title, lead, tools, children }: { title: string; lead: string; tools?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation();
  const { project } = useReport();
  useTitle(title, t("ads.title"), project.name);
  return (
    <>
      <header className="ads-head">
        <div>
          <h1>{title}</h1>
          <p className="muted">{lead}</p>
        </div>
        {tools}
      </header>
      {children}
    </>
  );
}

interface ChooseProps<T extends string> {
  label: string;
  options: readonly { id: T; text: string }[];
  chosen: T;
  onChange: (id: T) => void;
}

/** More choices than fit side by side. */
export function Choose<T extends string>({ label, options, chosen, onChange }: ChooseProps<T>) {
  const text = options.find(({ id }) => id === chosen)?.text ?? "";
  return (
    <MenuButton
      label={`${label}: ${text}`}
      menuLabel={label}
      groups={[{ choices: options.map((o) => ({ id: o.id, label: o.text, selected: o.id === chosen, onChoose: () => onChange(o.id) })) }]}
    >
      <span className="muted">{label}</span>
      <span className="ellipsis">{text}</span>
      <ChevronDown />
    </MenuButton>
  );
}

