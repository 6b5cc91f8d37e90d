/** How numbers are written. The language of the console is English, wherever the viewer is. */

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

export function count(value: number | bigint): string {
  return whole.format(value);
}

/** Few places where they matter: 0.25, 3.4, 99.6, 1,234. */
export function rate(value: number): string {
  const places = value >= 100 ? 0 : value >= 1 ? 1 : 2;
  return new Intl.NumberFormat("en-GB", { maximumFractionDigits: places }).format(value);
}

/** Rounded down, so that 100 % means all of them; below one per cent it says so. */
export function percent(part: number, of: number): string {
  if (of <= 0) return "0%";
  const share = (100 * part) / of;
  if (share > 0 && share < 1) return "<1%";
  return `${Math.floor(share)}%`;
}

export function money(usd: number): string {
  const places = usd !== 0 && Math.abs(usd) < 0.1 ? 4 : 2;
  return `$${usd.toLocaleString("en-GB", { minimumFractionDigits: 2, maximumFractionDigits: places })}`;
}

export function bytes(size: number): string {
  const units = ["bytes", "kB", "MB", "GB"];
  let power = 0;
  let value = size;
  while (value >= 1000 && power < units.length - 1) {
    value /= 1000;
    power += 1;
  }
  return `${rate(value)} ${units[power] ?? ""}`;
}
