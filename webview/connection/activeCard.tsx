import { Check, Copy, Plug, TriangleAlert, Unplug, type LucideIcon } from 'lucide-preact';
import { useEffect, useState } from 'preact/hooks';
import { otherWay } from '../../src/shared/address.js';
import { type ConnectionState, type ConnectionView } from '../../src/shared/connection.js';
import { now } from '../state/clock.js';
import { usePanel } from '../state/context.js';
import { STATE_WORDS, address } from '../text/states.js';
import { uptime } from '../text/time.js';
import { IconButton } from '../ui/button.js';
import { Icon } from '../ui/icon.js';
import { ProgressRing, Status } from '../ui/marks.js';
import { Failure } from './failure.js';
import { StateButton } from './stateButton.js';

const STATE_ICONS: Readonly<Record<ConnectionState, LucideIcon>> = {
  disconnected: Unplug,
  connecting: Plug,
  connected: Plug,
  reconnecting: Plug,
  error: TriangleAlert,
};

/** How long the "copied" mark stays; milliseconds. */
const COPIED_FOR = 2000;

/** What the connection that is in use is doing. */
export function ActiveCard({ connection }: { connection: ConnectionView | null }) {
  if (!connection) {
    return (
      <div class="card active active--none">
        <Icon of={Unplug} />
        <p>Not connected. Connect to a saved Spark below.</p>
      </div>
    );
  }
  const { state } = connection.status;
  return (
    <div class="card active" data-state={state}>
      <div class="active__head">
        <span class="active__icon">
          <Icon of={STATE_ICONS[state]} size={20} />
        </span>
        <div class="active__who">
          <h3 title={connection.name}>{connection.name}</h3>
          <p class="address" title={whereIs(connection)}>
            {whereIs(connection)}
          </p>
        </div>
        <div class="active__actions">{state !== 'error' && <StateButton connection={connection} prominent />}</div>
      </div>
      <div class="active__body">
        <Details connection={connection} />
        <Failure connection={connection} />
      </div>
    </div>
  );
}

/** The address; while connected with the way that was taken, where that is another. */
function whereIs(connection: ConnectionView): string {
  const saved = address(connection);
  const via = otherWay(connection, connection.status.via);
  if (connection.status.state !== 'connected' || via === undefined) return saved;
  return `${saved}, reached at ${via}`;
}

function Details({ connection }: { connection: ConnectionView }) {
  const { state, step, since } = connection.status;
  if (state === 'error') return null;
  if (state === 'connecting') {
    return (
      <p class="active__step" role="status">
        <ProgressRing />
        <span>{step ?? 'Connecting'}…</span>
      </p>
    );
  }
  return (
    <dl class="facts">
      <div>
        <dt>Status</dt>
        <dd>
          <Status state={state} word={STATE_WORDS[state]} />
          {state === 'reconnecting' && <NextAttempt connection={connection} />}
        </dd>
      </div>
      <div>
        <dt>Uptime</dt>
        <dd>{state === 'connected' ? <Uptime since={since} /> : <span class="secondary">–</span>}</dd>
      </div>
      <div>
        <dt>Tunnel</dt>
        <dd>
          <Tunnel connection={connection} />
        </dd>
      </div>
    </dl>
  );
}

/** Its own component, so that only these few characters are drawn again each second. */
function Uptime({ since }: { since: number }) {
  return <span class="numbers">{uptime(now.value - since)}</span>;
}

function NextAttempt({ connection }: { connection: ConnectionView }) {
  const { nextAttemptAt, step } = connection.status;
  if (nextAttemptAt === undefined) return step ? <span class="secondary">{step}…</span> : null;
  const seconds = Math.max(0, Math.ceil((nextAttemptAt - now.value) / 1000));
  return <span class="secondary numbers">{seconds > 0 ? `next attempt in ${seconds} s` : 'trying again…'}</span>;
}

function Tunnel({ connection }: { connection: ConnectionView }) {
  const { store } = usePanel();
  const { tunnel } = connection.status;
  if (tunnel.state === 'closed') return <span class="secondary">–</span>;
  if (tunnel.state === 'error') {
    return (
      <span>
        {tunnel.error.message} {tunnel.error.hint}
      </span>
    );
  }
  const endpoint = store.state.value?.snapshot.endpoint;
  return (
    <>
      <span class="numbers">
        localhost:{tunnel.localPort} → {tunnel.remotePort}
      </span>
      {endpoint?.connectionId === connection.id && <CopyEndpoint url={endpoint.url} />}
    </>
  );
}

function CopyEndpoint({ url }: { url: string }) {
  const { actions } = usePanel();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_FOR);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <>
      <IconButton
        icon={copied ? Check : Copy}
        label={`Copy the Ollama address ${url}`}
        onClick={() => void actions.copyEndpoint().then(setCopied)}
      />
      <span class="secondary" role="status">
        {copied && 'Copied'}
      </span>
    </>
  );
}
