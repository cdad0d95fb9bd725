import { type ConnectionView } from '../../src/shared/connection.js';
import { usePanel } from '../state/context.js';
import { Button } from '../ui/button.js';

/** Connect, Cancel or Disconnect: what makes sense now, in one place, so that nothing moves when the state does. */
export function StateButton({ connection, prominent }: { connection: ConnectionView; prominent?: boolean }) {
  const { actions } = usePanel();
  const { id, name, status } = connection;
  switch (status.state) {
    case 'disconnected':
    case 'error':
      return (
        <Button
          kind={prominent ? 'primary' : 'secondary'}
          label={`Connect to ${name}`}
          onClick={() => actions.connect(id)}
        >
          Connect
        </Button>
      );
    case 'connecting':
    case 'reconnecting':
      return (
        <Button label={`Cancel connecting to ${name}`} onClick={() => actions.disconnect(id)}>
          Cancel
        </Button>
      );
    case 'connected':
      return (
        <Button label={`Disconnect ${name}`} onClick={() => actions.disconnect(id)}>
          Disconnect
        </Button>
      );
  }
}
