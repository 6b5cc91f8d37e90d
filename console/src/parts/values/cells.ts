/** What values tell of pictures: `{prompts: […]}` of those to come, `{file, prompt}` of one. */
const IMAGE = /\.(png|jpe?g|gif|webp|avif)$/i;
const MOST = 24;
const DEEPEST = 8;

export interface Cell {
  readonly prompt: string | null;
  /** null: it is not there yet. */
  readonly file: string | null;
}

/** In the order in which they were asked for; a picture takes the place of its prompt. */
export function cellsOf(values: readonly unknown[]): Cell[] {
  const cells: Cell[] = [];
  for (const value of values) look(value, cells, 0);
  return cells.slice(0, MOST);
}

export function isImage(value: unknown): value is string {
  return typeof value === "string" && IMAGE.test(value) && !value.includes("://");
}

function look(value: unknown, cells: Cell[], depth: number): void {
  if (typeof value !== "object" || value === null || depth > DEEPEST) return;
  const { prompts, prompt } = value as Readonly<Record<string, unknown>>;
  if (Array.isArray(prompts)) for (const one of prompts) ask(one, cells);
  const asked = typeof prompt === "string" ? prompt : null;
  for (const member of Object.values(value)) {
    if (isImage(member)) put(member, asked, cells);
    else look(member, cells, depth + 1);
  }
}

function ask(prompt: unknown, cells: Cell[]): void {
  if (typeof prompt !== "string" || cells.some((cell) => cell.prompt === prompt)) return;
  cells.push({ prompt, file: null });
}

function put(file: string, prompt: string | null, cells: Cell[]): void {
  if (cells.some((cell) => cell.file === file)) return;
  const place = cells.findIndex(
    (cell) => prompt !== null && cell.prompt === prompt && cell.file === null,
  );
  if (place === -1) cells.push({ prompt, file });
  else cells[place] = { prompt, file };
}
