/** JSON in which no number is rounded: an integer that no number holds is a bigint. Nothing else here
 * reads or writes JSON. */
import { isInteger, isNumber, parse, stringify } from "lossless-json";
import { S } from "../strings";

/** Without so many digits in a row nothing can be rounded, and the browser reads it faster. */
const LONG = /\d{16}/;

/** @throws SyntaxError */
export function readJson(text: string): unknown {
  return LONG.test(text) ? parse(text, undefined, sent) : (JSON.parse(text) as unknown);
}

export function writeJson(value: unknown, indent?: number): string {
  return stringify(value, undefined, indent) ?? "null";
}

/** JSON that somebody typed.
 *
 * @throws Error with a sentence: it is none, or holds a number that cannot be kept
 */
export function typedJson(text: string): unknown {
  let fault: Error | null = null;
  try {
    return parse(text, undefined, (number) => {
      try {
        return isInteger(number) ? whole(number) : typedNumber(number);
      } catch (error) {
        fault = error as Error;
        throw error;
      }
    });
  } catch {
    throw fault ?? new Error(S.form.noJson);
  }
}

/** A number that somebody typed, where the service keeps no integer.
 *
 * @throws Error with a sentence: it is none, or would be rounded
 */
export function typedNumber(text: string): number {
  const plain = text.trim();
  const value = Number(plain);
  if (!isNumber(plain)) throw new Error(S.form.noNumber);
  if (!Number.isFinite(value)) throw new Error(S.form.tooLarge);
  if (digits(plain) !== digits(String(value))) throw new Error(S.form.tooLong);
  return value;
}

/** An integer that somebody typed, of any size.
 *
 * @throws Error with a sentence
 */
export function typedInteger(text: string): number | bigint {
  const plain = text.trim().replace(/^\+/, "");
  if (/^-?\d+$/.test(plain)) return whole(plain);
  const value = typedNumber(plain); // such as 1e3
  if (!Number.isInteger(value)) throw new Error(S.form.noWhole);
  return value;
}

function sent(text: string): number | bigint {
  return isInteger(text) ? whole(text) : Number(text);
}

function whole(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

/** The same text for the same number, however it is written. */
function digits(text: string): string {
  const found = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text);
  const [, sign = "", before = "", after = "", exponent = "0"] = found ?? [];
  const all = (before + after).replace(/^0+/, "");
  const significant = all.replace(/0+$/, "");
  if (significant === "") return "0";
  const place = Number(exponent) - after.length + all.length - significant.length;
  return `${sign}${significant}e${place}`;
}
