/** Pictures with what was asked for each, which may be there before the picture is. */
import { S } from "../../strings";
import { type Cell, cellsOf } from "./cells";
import { address } from "./Picture";

export function Gallery({ values }: { readonly values: readonly unknown[] }) {
  const cells = cellsOf(values);
  if (cells.length === 0) return null;
  return (
    <ul className="gallery" aria-label={S.item.pictures}>
      {cells.map((cell, number) => (
        <li key={cell.file ?? `${number} ${cell.prompt}`}>
          <figure>
            <Picture cell={cell} />
            {cell.prompt !== null && <figcaption>{cell.prompt}</figcaption>}
          </figure>
        </li>
      ))}
    </ul>
  );
}

function Picture({ cell: { file, prompt } }: { readonly cell: Cell }) {
  if (file === null) {
    return (
      <div className="awaited" role="status">
        {S.item.awaited}
      </div>
    );
  }
  return (
    <a href={address(file)} target="_blank" rel="noreferrer">
      <img src={address(file)} alt={prompt ?? file} />
    </a>
  );
}
