import { useState } from "react";
import { useFlowPartitions } from "../../api/queries/flowControl";
import type { Flow, FlowPartition } from "../../api/types";
import { count } from "../../format/numbers";
import { queryString } from "../../format/queryString";
import { Button } from "../../parts/controls/Button";
import { Dialog } from "../../parts/controls/Dialog";
import { NotedAction } from "../../parts/forms/NotedAction";
import { Gauge } from "../../parts/graphics/Gauge";
import { Shown } from "../../parts/loading/dataStates";
import { S } from "../../strings";
import { type Limits, PinForm } from "./PinForm";

const F = S.flow;
const FEW = 6;
/** The most that the service answers. */
const MANY = 100;

interface Props {
  readonly flow: Flow;
  readonly address: string;
  /** Why whoever looks may change nothing. */
  readonly forbidden: string | null;
}

/** The partitions (tenants, accounts) of a flow key that has limits for each: those whose limits
 * were set, and the fullest. */
export function FlowPartitions({ flow, address, forbidden }: Props) {
  const [most, setMost] = useState(FEW);
  const [edited, setEdited] = useState<FlowPartition | Limits | null>(null);
  const found = useFlowPartitions(flow.key, most);
  const each = eachOf(flow);
  const of = `${address}/partitions`;
  const name = edited !== null && "partition" in edited ? edited.partition : null;
  return (
    <section className="stack" aria-label={F.partitionsOf(flow.key)}>
      <div className="row between">
        <h4>{F.partitions}</h4>
        <Button
          reason={forbidden}
          onClick={() => setEdited(each)}
          label={F.pinPartitionOf(flow.key)}
        >
          {F.pinPartition}
        </Button>
      </div>
      <p className="small muted">{F.each(inWords(each))}</p>
      <Shown of={found}>
        {(partitions) =>
          partitions.length === 0 ? (
            <p className="small muted">{F.noPartitions}</p>
          ) : (
            <ul className="cards">
              {partitions.map((one) => (
                <Row
                  key={one.partition}
                  partition={one}
                  address={of}
                  forbidden={forbidden}
                  onEdit={() => setEdited(one)}
                />
              ))}
            </ul>
          )
        }
      </Shown>
      {found.data !== undefined && found.data.length === FEW && most === FEW && (
        <Button tone="quiet" onClick={() => setMost(MANY)}>
          {F.morePartitions}
        </Button>
      )}
      {edited !== null && (
        <Dialog
          title={name === null ? F.pinPartitionOf(flow.key) : F.editPartition(name)}
          onClose={() => setEdited(null)}
        >
          <PinForm address={of} limits={edited} partition={name} onClose={() => setEdited(null)} />
        </Dialog>
      )}
    </section>
  );
}

function Row({
  partition,
  address,
  forbidden,
  onEdit,
}: {
  readonly partition: FlowPartition;
  readonly address: string;
  readonly forbidden: string | null;
  readonly onEdit: () => void;
}) {
  const { partition: name, parallelism, rate, periodSeconds, source } = partition;
  return (
    <li className="stack">
      <div className="row between">
        <span className="strong">{name}</span>
        {source === "pinned" && <span className="tag">{F.pinned}</span>}
      </div>
      <Gauge label={F.atWork} value={partition.active} most={parallelism} />
      <div className="row between small">
        <span>
          {F.partitionWaits(count(partition.waiting))}
          {rate !== null && `, ${F.perPeriod(count(rate), periodSeconds)}`}
        </span>
        <span className="row">
          <Button reason={forbidden} onClick={onEdit} label={F.editPartition(name)}>
            {F.edit}
          </Button>
          {source === "pinned" && (
            <NotedAction
              action={F.reset}
              label={F.resetPartition(name)}
              title={F.resetPartitionTitle(name)}
              reason={forbidden}
              request={(note) => [
                `${address}${queryString({ partition: name, note })}`,
                { method: "DELETE" },
              ]}
            >
              <p>{F.resetPartitionMore}</p>
              <p>{F.partitionFollows}</p>
            </NotedAction>
          )}
        </span>
      </div>
    </li>
  );
}

/** The limits of each. */
function eachOf(flow: Flow): Limits {
  const { perPartition, ratePerPartition, partitionPeriodSeconds } = flow;
  return {
    parallelism: perPartition,
    rate: ratePerPartition,
    periodSeconds: partitionPeriodSeconds ?? flow.periodSeconds,
  };
}

function inWords({ parallelism, rate, periodSeconds }: Limits): string {
  const words = [
    ...(parallelism === null ? [] : [F.atOnce(count(parallelism))]),
    ...(rate === null ? [] : [F.perPeriod(count(rate), periodSeconds)]),
  ];
  return words.join(", ") || F.notLimited;
}
