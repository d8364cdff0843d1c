import { useMemo } from "react";
import { splitForMiddle } from "../lib/text";

/**
 * Text from visitors: always text, its direction isolated from what surrounds it, and where it is too long the middle
 * gives way. The whole is in the title and, since only CSS hides it, in the accessibility tree and the clipboard.
 */
export function ForeignText({ text }: { text: string }) {
  const { head, tail } = useMemo(() => splitForMiddle(text), [text]);
  return (
    <bdi className="foreign" title={text}>
      <span className="foreign-head">{head}</span>
      {tail && <span className="foreign-tail">{tail}</span>}
    </bdi>
  );
}
