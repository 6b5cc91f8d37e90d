/** Images that a value names: files that a family has kept. */
import { ROOT } from "../../page/root";

import { isImage } from "./cells";

const MOST = 24;

/** Every file name of an image within a value. */
export function images(value: unknown, depth = 0): string[] {
  if (typeof value === "string") return isImage(value) ? [value] : [];
  if (typeof value !== "object" || value === null || depth > 8) return [];
  return [...new Set(Object.values(value).flatMap((one) => images(one, depth + 1)))].slice(0, MOST);
}

export function address(file: string): string {
  return `${ROOT}/api/files/${file.split("/").map(encodeURIComponent).join("/")}`;
}

export function Pictures({ value, alt }: { readonly value: unknown; readonly alt: string }) {
  const found = images(value);
  if (found.length === 0) return null;
  return (
    <div className="pictures">
      {found.map((file) => (
        <a key={file} href={address(file)} target="_blank" rel="noreferrer">
          <img
            src={address(file)}
            alt={`${alt}: ${file}`}
            loading="lazy"
            onError={(event) => event.currentTarget.classList.add("missing")}
          />
        </a>
      ))}
    </div>
  );
}
