import { Pencil, Trash2 } from 'lucide-preact';
import { type ConnectionView } from '../../src/shared/connection.js';
import { minute } from '../state/clock.js';
import { usePanel } from '../state/context.js';
import { STATE_WORDS, address } from '../text/states.js';
import { fullDate, timeAgo } from '../text/time.js';
import { Button, IconButton } from '../ui/button.js';
import { Status, Tag } from '../ui/marks.js';
import { Failure } from './failure.js';
import { StateButton } from './stateButton.js';

interface SavedCardProps {
  connection: ConnectionView;
  /** Whether it says itself what it is doing and what went wrong; the active one does that in its own card. */
  detailed: boolean;
  /** Whether connecting it is the one thing to do on this page. */
  foremost: boolean;
}

/** One saved connection. */
export function SavedCard({ connection, detailed, foremost }: SavedCardProps) {
  const { actions } = usePanel();
  const { id, name, status } = connection;
  return (
    <li class="card saved" data-state={status.state} id={`connection-${id}`} tabIndex={-1} aria-label={name}>
      <div class="saved__row">
        <div class="saved__who">
          <div class="saved__name">
            <h3 title={name}>{name}</h3>
            {connection.isActive && <Tag title="Its Ollama is the one that your tools use">active</Tag>}
            {status.state !== 'disconnected' && <Status state={status.state} word={STATE_WORDS[status.state]} />}
          </div>
          <p class="address" title={address(connection)}>
            {address(connection)}
          </p>
          {connection.sshConfigHost !== null && (
            <p class="secondary">Follows Host {connection.sshConfigHost} of your SSH config</p>
          )}
          {status.note === undefined ? (
            <LastConnected at={connection.lastConnectedAt} />
          ) : (
            <p class="secondary">{status.note}</p>
          )}
        </div>
        <div class="saved__actions">
          {status.state === 'connected' && !connection.isActive && (
            <Button label={`Make active: ${name}`} onClick={() => actions.makeActive(id)}>
              Make active
            </Button>
          )}
          <StateButton connection={connection} prominent={foremost} />
          <IconButton icon={Pencil} label={`Edit ${name}`} onClick={() => actions.edit(connection)} />
          <IconButton icon={Trash2} label={`Delete ${name}`} danger onClick={() => actions.remove(id)} />
        </div>
      </div>
      {detailed && <Failure connection={connection} inList />}
    </li>
  );
}

function LastConnected({ at }: { at: number | null }) {
  if (at === null) return <p class="secondary">Never connected</p>;
  return (
    <p class="secondary">
      Last connected{' '}
      <time dateTime={new Date(at).toISOString()} title={fullDate(at)}>
        {timeAgo(at, Math.max(minute.value, at))}
      </time>
    </p>
  );
}
