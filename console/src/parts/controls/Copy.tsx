import { useState } from "react";
import { S } from "../../strings";

export function Copy({
  text,
  label = S.common.copy,
}: {
  readonly text: string;
  readonly label?: string;
}) {
  const [told, setTold] = useState<string | null>(null);
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      setTold(S.common.copied);
    } catch {
      setTold(S.common.notCopied); // a page over plain HTTP may not
    }
    setTimeout(() => setTold(null), 2_000);
  }
  return (
    <button
      type="button"
      className="copy"
      onClick={() => void copy()}
      aria-label={`${label}: ${text.slice(0, 60)}`}
    >
      <span aria-live="polite">{told ?? label}</span>
    </button>
  );
}
