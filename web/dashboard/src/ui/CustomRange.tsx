import { parseDate } from "@internationalized/date";
import { useState } from "react";
import { CalendarCell, CalendarGrid, CalendarGridBody, CalendarGridHeader, CalendarHeaderCell } from "react-aria-components/Calendar";
import { Heading } from "react-aria-components/Heading";
import { RangeCalendar } from "react-aria-components/RangeCalendar";
import { addDays, type Day } from "../lib/days";
import { useTranslation } from "../lib/i18n/useTranslation";
import { type Range, resolveRange } from "../lib/range";
import { Button as AriaButton } from "react-aria-components/Button";
import { Button } from "./Button";
import { ChevronLeft, ChevronRight } from "./icons";
import { Modal } from "./Modal";

interface Props {
  range: Range;
  today: Day;
  onChange: (range: Range) => void;
  onClose: () => void;
}

/** Two days chosen in a calendar. Loaded when first asked for. */
export default function CustomRange({ range, today, onChange, onClose }: Props) {
  const { t } = useTranslation();
  const days = resolveRange(range, today);
  const [value, setValue] = useState({ start: parseDate(days.since), end: parseDate(addDays(days.until, -1)) });
  return (
    <Modal title={t("overview.customTitle")} isOpen onClose={onClose}>
      <p className="muted">{t("overview.customHint")}</p>
      <RangeCalendar
        aria-label={t("overview.customTitle")}
        className="calendar"
        value={value}
        onChange={setValue}
        maxValue={parseDate(today)}
        defaultFocusedValue={value.end}
        autoFocus
      >
        <header className="calendar-header">
          <AriaButton slot="previous" className="button button-quiet" aria-label={t("overview.previousMonth")}>
            <ChevronLeft />
          </AriaButton>
          <Heading className="calendar-title" />
          <AriaButton slot="next" className="button button-quiet" aria-label={t("overview.nextMonth")}>
            <ChevronRight />
          </AriaButton>
        </header>
        <CalendarGrid weekdayStyle="short" className="calendar-grid">
          <CalendarGridHeader>{(day) => <CalendarHeaderCell>{day}</CalendarHeaderCell>}</CalendarGridHeader>
          <CalendarGridBody>{(date) => <CalendarCell date={date} className="calendar-cell" />}</CalendarGridBody>
        </CalendarGrid>
      </RangeCalendar>
      <div className="dialog-actions">
        <Button onClick={onClose}>{t("app.cancel")}</Button>
        <Button look="primary" onClick={() => onChange({ first: value.start.toString(), last: value.end.toString() })}>
          {t("overview.customApply")}
        </Button>
      </div>
    </Modal>
  );
}
