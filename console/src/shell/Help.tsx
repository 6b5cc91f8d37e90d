import { Button } from "../parts/controls/Button";
import { Dialog } from "../parts/controls/Dialog";
import { S } from "../strings";

export function Help({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title={S.help.title} onClose={onClose}>
      <dl className="keys">
        {S.help.keys.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div className="row end">
        <Button onClick={onClose}>{S.common.close}</Button>
      </div>
    </Dialog>
  );
}
