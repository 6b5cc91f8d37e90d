import { Copy } from "../controls/Copy";
import { S } from "../../strings";

/** A unified diff, line by line; the sign says what the colour says. */
export function Diff({ text }: { readonly text: string }) {
  return (
    <div className="diff">
      <Copy text={text} />
      <pre tabIndex={0} aria-label={S.preview.diff}>
        {text.split("\n").map((line, n) => (
          // Lines have nothing else to be told apart by.
          <span key={n} className={kindOf(line)}>
            {line}
            {"\n"}
          </span>
        ))}
      </pre>
    </div>
  );
}

function kindOf(line: string): string {
  if (line.startsWith("+++") || line.startsWith("---") || line.startsWith("@@")) return "where";
  if (line.startsWith("+")) return "added";
  return line.startsWith("-") ? "removed" : "";
}
