/** A docstring: its lines are as long as its author's editor was wide, so only paragraphs count. */
export function Prose({
  text,
  className = "",
}: {
  readonly text: string;
  readonly className?: string;
}) {
  return (
    <div className={`prose ${className}`}>
      {text.split(/\n\s*\n/).map((paragraph) => (
        <p key={paragraph}>{paragraph.replaceAll(/\s*\n\s*/g, " ")}</p>
      ))}
    </div>
  );
}
