/** A line of a few minutes, small enough to stand in a row. */
const WIDTH = 200;
const HEIGHT = 36;

export function Spark({
  values,
  most,
  label,
}: {
  readonly values: readonly (number | null)[];
  /** The top of the picture; null: the largest value. */
  readonly most: number | null;
  readonly label: string;
}) {
  const top = Math.max(most ?? 0, 1e-9, ...values.map((value) => value ?? 0));
  const step = WIDTH / Math.max(1, values.length - 1);
  const line = values
    .map((value, n) =>
      value === null ? null : `${n * step},${HEIGHT - 2 - (value / top) * (HEIGHT - 4)}`,
    )
    .filter((point) => point !== null)
    .join(" ");
  return (
    <svg
      className="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <polyline points={`0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}`} className="area" />
      <polyline points={line} className="line" />
    </svg>
  );
}
