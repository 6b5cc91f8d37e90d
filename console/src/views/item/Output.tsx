import { useEffect, useState } from "react";
import { path } from "../../api/paths";
import { readJson } from "../../format/json";
import { useLive } from "../../page/refreshing";
import { ROOT } from "../../page/root";
import { Json } from "../../parts/values/Json";
import { Pictures } from "../../parts/values/Picture";
import { Time } from "../../parts/values/Time";
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
  return (
    <section className="card stack">
      <h2>{S.item.output}</h2>
      <ol className="chunks">
        {chunks.map((chunk) => (
          <li key={chunk.id}>
            <span className="small muted">
              <Time at={chunk.at} /> · {S.item.attempt(chunk.attempt)}
            </span>
            <Pictures value={chunk.data} alt={S.item.output} />
            {typeof chunk.data === "string" ? (
              <p>{chunk.data}</p>
            ) : (
              <Json value={chunk.data} open={0} />
            )}
          </li>
        ))}
      </ol>
    </section>
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
