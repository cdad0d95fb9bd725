import { Server } from 'lucide-preact';
import { usePanel } from '../state/context.js';
import { STATE_WORDS } from '../text/states.js';
import { Icon } from '../ui/icon.js';
import { Status } from '../ui/marks.js';

/** The product's name and the state of the connection that is being shown. */
export function Header() {
  const { store } = usePanel();
  const shown = (store.tab.value === 'metrics' ? store.watched.value : null) ?? store.active.value;
  const state = shown?.status.state ?? 'disconnected';
  return (
    <header class="shell__header">
      <h1 class="shell__title">
        <Icon of={Server} size={20} />
        DGX SPARK
      </h1>
      {store.isKnown.value && (
        <div class="shell__status" role="status" title={shown?.name}>
          {shown && <span class="sr-only">{shown.name}: </span>}
          <Status state={state} word={STATE_WORDS[state]} />
        </div>
      )}
    </header>
  );
}
