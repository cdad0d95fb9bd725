import { Activity, Plug } from 'lucide-preact';
import { type Sample } from '../../src/shared/metrics.js';
import { now } from '../state/clock.js';
import { usePanel } from '../state/context.js';
import { sampleInterval, shownGpus } from '../state/samples.js';
import { gigabytes } from '../text/readings.js';
import { span } from '../text/time.js';
import { Button } from '../ui/button.js';
import { Dropdown } from '../ui/choice.js';
import { Banner, EmptyState } from '../ui/messages.js';
import { GpuRow } from './gpuRow.js';
import { GpuSkeleton } from './skeleton.js';
import { SystemMemory } from './systemMemory.js';

/** From so many GPUs on, rows are compact: eight fit on a screen. */
const COMPACT_FROM = 3;

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
      <Readings samples={samples} />
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

function Readings({ samples }: { samples: readonly Sample[] }) {
  const last = samples.at(-1);
  if (!last) return <GpuSkeleton />;
  const gpus = shownGpus(samples);
  const compact = gpus.length >= COMPACT_FROM;
  const memoryCard = last.memory !== null && !gpus.some(gpu => gpu.memory.usedMb !== null);
  return (
    <>
      {last.error && <Banner tone="warning" message={last.error.message} hint={last.error.hint} />}
      {!last.error && gpus.length === 0 && <Banner tone="warning" message="nvidia-smi lists no GPU on this machine." />}
      <div class={compact ? 'metrics__gpus metrics__gpus--compact' : 'metrics__gpus'}>
        {gpus.map(gpu => (
          <GpuRow key={gpu.index} gpu={gpu} samples={samples} compact={compact} numbered={gpus.length > 1} />
        ))}
      </div>
      {memoryCard && last.memory && <SystemMemory memory={last.memory} />}
      <Machine sample={last} memoryShown={memoryCard || gpus.some(gpu => gpu.memory.kind === 'unified')} />
    </>
  );
}

/** What there is to say about the whole machine, in one line. */
function Machine({ sample, memoryShown }: { sample: Sample; memoryShown: boolean }) {
  const { driverVersion, memory } = sample;
  return (
    <dl class="metrics__machine numbers">
      {driverVersion && (
        <div>
          <dt>Driver</dt>
          <dd>{driverVersion}</dd>
        </div>
      )}
      {!memoryShown && typeof memory?.usedMb === 'number' && (
        <div>
          <dt>System memory</dt>
          <dd>
            {gigabytes(memory.usedMb)} / {gigabytes(memory.totalMb)} GB
          </dd>
        </div>
      )}
    </dl>
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
