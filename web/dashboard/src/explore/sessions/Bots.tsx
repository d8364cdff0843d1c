import { Bots } from "@microtracker/client/query";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Pick } from "../../ui/Pick";
import { oneOf, useOwnSearch } from "../search";

const choices = ["people", "all", "bots"] as const;
const botsOf = { people: Bots.EXCLUDED, all: Bots.INCLUDED, bots: Bots.ONLY };

/** Whether the list shows bots, as the address says it. */
export const useBots = () => botsOf[oneOf(choices, useOwnSearch()[0].bots)];

/** Chooses it. */
export function BotsPick() {
  const { t } = useTranslation();
  const [own, change] = useOwnSearch();
  return (
    <Pick
      label={t("explore.bots.label")}
      chosen={oneOf(choices, own.bots)}
      options={choices.map((id) => ({ id, text: t(`explore.bots.${id}`) }))}
      onChange={(id) => change({ bots: id === "people" ? undefined : id })}
    />
  );
}
