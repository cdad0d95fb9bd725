import { Activity, Plug } from 'lucide-preact';
import { useEffect } from 'preact/hooks';
import { type Sample } from '../../src/shared/metrics.js';
import { now } from '../state/clock.js';
import { usePanel } from '../state/context.js';
import { sampleInterval, shownGpus } from '../state/samples.js';
import { span } from '../text/time.js';
import { Button } from '../ui/button.js';
import { Dropdown } from '../ui/choice.js';
import { Banner, EmptyState } from '../ui/messages.js';
import { AlertList } from './alertList.js';
import { GpuFacts } from './gpuFacts.js';
import { GpuRow } from './gpuRow.js';
import { HistoryCharts } from './historyCharts.js';
import { Overview } from './overview.js';
import { ProcessTable } from './processTable.js';
import { GpuSkeleton } from './skeleton.js';
import { SystemMemory } from './systemMemory.js';
import { SystemSection } from './systemSection.js';
import { Troubles } from './troubles.js';

/** From so many GPUs on, rows are compact: eight fit on a screen. */
const COMPACT_FROM = 3;

/** What changes slowly is asked for this often; it also keeps the machine read at full pace. */
const DETAILS_MS = 10_000;

/** The live numbers of one machine. */
export function MetricsTab() {
  const { store } = usePanel();
  const watched = store.watched.value;
  if (!watched) return <NotConnected />;
  const samples = store.samples.value.get(watched.id) ?? [];
  const live = store.liveConnections.value;
  return (
    <div class="metrics">
      <div class="section-head">
        {live.length > 1 ? (
          <Dropdown
            id="watched-connection"
            label="Connection whose metrics are shown"
            value={watched.id}
            options={live.map(connection => ({ value: connection.id, label: connection.name }))}
            onChange={id => {
              store.selectedId.value = id;
            }}
          />
        ) : (
          <h2 title={watched.name}>{watched.name}</h2>
        )}
        <Freshness samples={samples} />
      </div>
      {watched.status.state === 'reconnecting' && (
        <Banner
          tone="info"
          message="The connection was lost and is being made again."
          hint="These are the last readings."
        />
      )}
      {live.length > 1 && <Overview connections={live} />}
      <Readings connectionId={watched.id} samples={samples} />
    </div>
  );
}

function NotConnected() {
  const { store, actions } = usePanel();
  const active = store.active.value;
  const connecting = active?.status.state === 'connecting';
  return (
    <EmptyState
      icon={Activity}
      text={connecting ? `Connecting to ${active.name}…` : 'Connect to a Spark to see its GPU.'}
    >
      {!connecting && (
        <Button
          kind="primary"
          icon={Plug}
          onClick={() => {
            store.tab.value = 'connection';
            if (active) actions.connect(active.id);
            else if (store.connections.value.length === 0) actions.add();
          }}
        >
          {active
            ? `Connect to ${active.name}`
            : store.connections.value.length === 0
              ? 'Add a Spark'
              : 'Choose a Spark'}
        </Button>
      )}
    </EmptyState>
  );
}

function Readings({ connectionId, samples }: { connectionId: string; samples: readonly Sample[] }) {
  const { store, actions } = usePanel();
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'visible') void actions.lookAt(connectionId);
    };
    look();
    const timer = setInterval(look, DETAILS_MS);
    return () => {
      clearInterval(timer);
    };
  }, [connectionId]);
  const last = samples.at(-1);
  if (!last) return <GpuSkeleton />;
  const gpus = shownGpus(samples);
  const compact = gpus.length >= COMPACT_FROM;
  const details = store.details.value.get(connectionId);
  const chosen = gpus.find(gpu => gpu.index === store.gpuIndex.value) ?? gpus[0];
  const memoryCard = last.memory !== null && !gpus.some(gpu => gpu.memory.usedMb !== null);
  return (
    <>
      {last.error && <Banner tone="warning" message={last.error.message} hint={last.error.hint} />}
      <Troubles troubles={last.troubles} />
      {!last.error && gpus.length === 0 && <Banner tone="warning" message="nvidia-smi lists no GPU on this machine." />}
      <div class={compact ? 'metrics__gpus metrics__gpus--compact' : 'metrics__gpus'}>
        {gpus.map(gpu => (
          <GpuRow key={gpu.index} gpu={gpu} samples={samples} compact={compact} numbered={gpus.length > 1} />
        ))}
      </div>
      {memoryCard && last.memory && <SystemMemory memory={last.memory} />}
      {gpus.length > 1 && chosen && (
        <Dropdown
          id="chosen-gpu"
          label="GPU whose details and history are shown"
          value={String(chosen.index)}
          options={gpus.map(gpu => ({ value: String(gpu.index), label: `GPU ${gpu.index} · ${gpu.name}` }))}
          onChange={index => {
            store.gpuIndex.value = Number(index);
          }}
        />
      )}
      {chosen && <GpuFacts gpu={chosen} details={details?.gpus.find(({ index }) => index === chosen.index)} />}
      <SystemSection sample={last} details={details} />
      {details?.processes && <ProcessTable connectionId={connectionId} processes={details.processes} />}
      <AlertList alerts={store.alerts.value.filter(alert => alert.connectionId === connectionId)} />
      {chosen && <HistoryCharts connectionId={connectionId} gpuIndex={chosen.index} samples={samples} />}
    </>
  );
}

/** Says so when the numbers have stopped coming, and keeps its place when they have not. */
function Freshness({ samples }: { samples: readonly Sample[] }) {
  const last = samples.at(-1);
  if (!last) return <span class="secondary">Waiting for the first reading…</span>;
  const age = now.value - last.at;
  const late = age > Math.max(10_000, 3 * sampleInterval(samples));
  return <span class="secondary numbers">{late ? `No reading for ${span(age)}` : !last.error && 'Live'}</span>;
}
