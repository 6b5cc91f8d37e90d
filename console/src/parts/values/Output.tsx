import { useEffect, useState } from "react";
import { path } from "../../api/paths";
import { readJson } from "../../format/json";
import { useLive } from "../../page/refreshing";
import { ROOT } from "../../page/root";
import { cellsOf } from "./cells";
import { Gallery } from "./Gallery";
import { Json } from "./Json";
import { Time } from "./Time";
import { S } from "../../strings";

const MOST = 200;
/** The last so many are shown. */

interface Chunk {
  readonly id: number;
  readonly attempt: number;
  readonly data: unknown;
  readonly at: string;
}

/** What the item has written to its stream, and writes while one looks. */
export function Output({ runId, itemId }: { readonly runId: string; readonly itemId: string }) {
  const chunks = useChunks(runId, itemId);
  if (chunks.length === 0) return null;
  const values = chunks.map(({ data }) => data);
  const pictured = cellsOf(values).length > 0;
  return (
    <section className="card stack">
      <h2>{S.item.output}</h2>
      <Gallery values={values} />
      {pictured ? (
        <details>
          <summary>{S.item.pieces(chunks.length)}</summary>
          <Chunks chunks={chunks} />
        </details>
      ) : (
        <Chunks chunks={chunks} />
      )}
    </section>
  );
}

function Chunks({ chunks }: { readonly chunks: readonly Chunk[] }) {
  return (
      <ol className="chunks">
        {chunks.map((chunk) => (
          <li key={chunk.id}>
            <span className="small muted">
              <Time at={chunk.at} /> · {S.item.attempt(chunk.attempt)}
            </span>
            {typeof chunk.data === "string" ? (
              <p>{chunk.data}</p>
            ) : (
              <Json value={chunk.data} open={0} />
            )}
          </li>
        ))}
      </ol>
  );
}

function useChunks(runId: string, itemId: string): readonly Chunk[] {
  const [chunks, setChunks] = useState<readonly Chunk[]>([]);
  const { live } = useLive();
  useEffect(() => {
    if (!live) return;
    setChunks([]);
    const source = new EventSource(ROOT + path.item(runId, itemId, "/stream"));
    source.addEventListener("chunk", (event: MessageEvent<string>) => {
      const chunk = readJson(event.data) as Chunk;
      setChunks((before) => [...before.filter(({ id }) => id !== chunk.id), chunk].slice(-MOST));
    });
    source.addEventListener("ended", () => source.close());
    return () => source.close();
  }, [runId, itemId, live]);
  return chunks;
}
