import { type ConnectionView } from '../../src/shared/connection.js';
import { type ErrorCode } from '../../src/shared/errors.js';
import { usePanel } from '../state/context.js';
import { Button } from '../ui/button.js';
import { Banner } from '../ui/messages.js';

/** Failures that nothing but an edit of known_hosts mends. */
const IN_KNOWN_HOSTS: readonly ErrorCode[] = ['hostKeyChanged', 'hostKeyRevoked', 'knownHostsUnreadable'];

/** Why a connection is not there, or why the last thing asked of it did not work, with what can be done. */
export function Failure({ connection, inList }: { connection: ConnectionView; inList?: boolean }) {
  const { store, actions } = usePanel();
  const { state, error } = connection.status;
  if (state === 'error') {
    return (
      <Banner tone="error" message={error?.message ?? 'The connection could not be made.'} hint={error?.hint}>
        {inList ? (
          <Button onClick={() => actions.showLog()}>Show log</Button>
        ) : (
          <RetryButtons connection={connection} />
        )}
      </Banner>
    );
  }
  if (state === 'reconnecting' && error) {
    return (
      <Banner tone="info" message={error.message} hint={error.hint}>
        {!inList && <TryNow connection={connection} />}
      </Banner>
    );
  }
  const failure = store.failures.value.get(connection.id);
  return failure ? <Banner tone="error" message={failure.message} hint={failure.hint} /> : null;
}

/** Stays while an attempt runs, so that what stands below does not jump; it cannot be pressed then. */
function TryNow({ connection }: { connection: ConnectionView }) {
  const { actions } = usePanel();
  return (
    <Button
      label={`Try now to connect to ${connection.name}`}
      disabled={connection.status.nextAttemptAt === undefined}
      onClick={() => actions.connect(connection.id)}
    >
      Try now
    </Button>
  );
}

/** The buttons of a connection that could not be made. */
function RetryButtons({ connection }: { connection: ConnectionView }) {
  const { actions } = usePanel();
  const { error } = connection.status;
  const inKnownHosts = error !== undefined && IN_KNOWN_HOSTS.includes(error.code);
  return (
    <>
      {inKnownHosts && (
        <Button kind="primary" onClick={() => actions.openKnownHosts(connection.id)}>
          Open known_hosts
        </Button>
      )}
      <Button
        kind={inKnownHosts ? 'secondary' : 'primary'}
        label={`Try again to connect to ${connection.name}`}
        onClick={() => actions.connect(connection.id)}
      >
        Try again
      </Button>
      {!inKnownHosts && (
        <Button label={`Edit ${connection.name}`} onClick={() => actions.edit(connection)}>
          Edit
        </Button>
      )}
      <Button onClick={() => actions.showLog()}>Show log</Button>
    </>
  );
}
