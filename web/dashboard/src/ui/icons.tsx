import type { ReactNode } from "react";

const icon = (path: ReactNode) =>
  function Icon() {
    return (
      <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
        {path}
      </svg>
    );
  };

export const ChevronDown = icon(<path d="m4 6 4 4 4-4" />);
export const ChevronLeft = icon(<path d="m10 4-4 4 4 4" />);
export const ChevronRight = icon(<path d="m6 4 4 4-4 4" />);
export const Check = icon(<path d="m3.5 8.5 3 3 6-7" />);
export const Copy = icon(
  <>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M10.5 5.5v-1a2 2 0 0 0-2-2h-4a2 2 0 0 0-2 2v4a2 2 0 0 0 2 2h1" />
  </>,
);
export const External = icon(<path d="M9.5 2.5h4v4M13.5 2.5 7.5 8.5M6.5 3.5h-2a1.5 1.5 0 0 0-1.5 1.5v6.5A1.5 1.5 0 0 0 4.5 13H11a1.5 1.5 0 0 0 1.5-1.5v-2" />);
export const Calendar = icon(
  <>
    <rect x="2.5" y="3.5" width="11" height="10" rx="1.5" />
    <path d="M2.5 6.5h11M5.5 2v2.5M10.5 2v2.5" />
  </>,
);
export const Download = icon(<path d="M8 2.5v7M5 7l3 3 3-3M3 13h10" />);
export const Close = icon(<path d="m4 4 8 8M12 4l-8 8" />);
export const More = icon(<path d="M3 8h.01M8 8h.01M13 8h.01" strokeWidth="2.5" />);
export const Keyboard = icon(
  <>
    <rect x="1.5" y="4" width="13" height="8" rx="1.5" />
    <path d="M4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M5 9.5h6" />
  </>,
);
export const Minus = icon(<path d="M3 8h10" />);
export const List = icon(<path d="M3 4h10M3 8h10M3 12h6" />);
export const Plus = icon(<path d="M8 3v10M3 8h10" />);
export const Person = icon(
  <>
    <circle cx="8" cy="5.5" r="2.5" />
    <path d="M3 13.5c.6-2.6 2.6-4 5-4s4.4 1.4 5 4" />
  </>,
);

/** The product's mark: a rising line. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
      <rect width="24" height="24" rx="6" />
      <path d="M5 16.5 9.5 11l4 3.5L19 7.5" />
      <circle cx="19" cy="7.5" r="2" />
    </svg>
  );
}
