import { type ReactNode, useEffect, useRef } from "react";

interface Props {
  label: string;
  /** The address or name of the page that one is on. */
  current: string;
  /** Links of the class section-link. */
  children: ReactNode;
}

/** The pages beside this one, as a row. On a phone it is longer than the screen, and scrolls to where one is. */
export function Sections({ label, current, children }: Props) {
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    const link = nav.current?.querySelector<HTMLElement>(`[aria-current="page"]`);
    if (nav.current && link) nav.current.scrollLeft = link.offsetLeft - (nav.current.clientWidth - link.offsetWidth) / 2;
  }, [current]);
  return (
    <nav ref={nav} className="sections" aria-label={label}>
      {children}
    </nav>
  );
}
