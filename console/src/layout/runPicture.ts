/** Where the layers of a run stand in its picture. */

export const BOX = { width: 184, height: 196 } as const;
export const OUTCOME = { width: 154, height: 48 } as const;
const GAP = { across: 104, down: 44, outcomes: 12 } as const;

export interface Placed {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly boxes: readonly Placed[];
  readonly width: number;
  readonly height: number;
}

/** Layers in a row, outcomes in a column behind them; where it is narrow, turned by a quarter. */
export function picture(
  layers: readonly string[],
  outcomes: readonly string[],
  narrow: boolean,
): Layout {
  return narrow ? upright(layers, outcomes) : lying(layers, outcomes);
}

function lying(layers: readonly string[], outcomes: readonly string[]): Layout {
  const tall = outcomes.length * (OUTCOME.height + GAP.outcomes) - GAP.outcomes;
  const height = Math.max(BOX.height, tall);
  const step = BOX.width + GAP.across;
  const boxes = layers.map((id, n) => ({ id, x: n * step, y: (height - BOX.height) / 2, ...BOX }));
  const x = layers.length * step;
  const ends = outcomes.map((id, n) => ({
    id,
    x,
    y: (height - tall) / 2 + n * (OUTCOME.height + GAP.outcomes),
    ...OUTCOME,
  }));
  return { boxes: [...boxes, ...ends], width: x + OUTCOME.width, height };
}

/** Two outcomes beside each other, as wide as two of them are. */
function upright(layers: readonly string[], outcomes: readonly string[]): Layout {
  const width = 2 * OUTCOME.width + GAP.outcomes;
  const step = BOX.height + GAP.down;
  const boxes = layers.map((id, n) => ({ id, x: (width - BOX.width) / 2, y: n * step, ...BOX }));
  const top = layers.length * step;
  const ends = outcomes.map((id, n) => ({
    id,
    x: (n % 2) * (OUTCOME.width + GAP.outcomes),
    y: top + Math.floor(n / 2) * (OUTCOME.height + GAP.outcomes),
    ...OUTCOME,
  }));
  const rows = Math.ceil(outcomes.length / 2);
  return {
    boxes: [...boxes, ...ends],
    width,
    height: top + rows * (OUTCOME.height + GAP.outcomes),
  };
}
