import { FileInput, Plus, Radar, Server } from 'lucide-preact';
import { useEffect } from 'preact/hooks';
import { usePanel } from '../state/context.js';
import { Button, IconButton } from '../ui/button.js';
import { EmptyState } from '../ui/messages.js';
import { ActiveCard } from './activeCard.js';
import { ConnectionForm } from './connectionForm.js';
import { SavedCard } from './savedCard.js';
import { TargetCard } from './targetCard.js';

/** The active connection, the saved ones, and the form in their place while one is being written. */
export function ConnectionTab() {
  const { store } = usePanel();
  const draft = store.draft.value;
  if (draft) return <ConnectionForm key={draft.connectionId ?? 'new'} />;
  return <Lists />;
}

function Lists() {
  const { store, actions } = usePanel();
  const connections = store.connections.value;
  const active = store.active.value;
  const focusNext = store.focusNext.value;

  // the form took the focus with it when it closed; a new card may come a moment after the answer
  useEffect(() => {
    if (focusNext === null) return;
    const target = document.getElementById(focusNext === 'new' ? 'add-connection' : `connection-${focusNext}`);
    if (!target) return;
    target.focus();
    store.focusNext.value = null;
  }, [focusNext, connections]);

  if (connections.length === 0) {
    return (
      <EmptyState icon={Server} text="Save a connection to reach your DGX Spark over SSH.">
        <Button kind="primary" icon={Plus} id="add-connection" onClick={() => actions.add()}>
          Add your first Spark
        </Button>
        <div class="ui-actions ui-actions--centred">
          <Button icon={FileInput} onClick={() => actions.importSshConfig()}>
            Import from SSH config
          </Button>
          <Button icon={Radar} onClick={() => actions.discover()}>
            Find on the network
          </Button>
        </div>
      </EmptyState>
    );
  }
  return (
    <>
      <section class="connection__section" aria-labelledby="active-heading">
        <div class="section-head">
          <h2 id="active-heading">Active connection</h2>
        </div>
        <ActiveCard connection={active} />
      </section>
      <section class="connection__section" aria-labelledby="target-heading">
        <div class="section-head">
          <h2 id="target-heading">Ollama</h2>
        </div>
        <TargetCard />
      </section>
      <section class="connection__section" aria-labelledby="saved-heading">
        <div class="section-head">
          <h2 id="saved-heading">Saved connections</h2>
          <div class="section-head__actions">
            <IconButton
              icon={FileInput}
              label="Import from your SSH config"
              onClick={() => actions.importSshConfig()}
            />
            <IconButton icon={Radar} label="Find Sparks on the network" onClick={() => actions.discover()} />
            <Button icon={Plus} id="add-connection" onClick={() => actions.add()}>
              Add New
            </Button>
          </div>
        </div>
        <ul class="connection__list">
          {connections.map(connection => (
            <SavedCard
              key={connection.id}
              connection={connection}
              detailed={connection.id !== active?.id}
              foremost={active === null && connections.length === 1}
            />
          ))}
        </ul>
      </section>
    </>
  );
}
