import { Activity, FolderKanban, Play, Plug, Server, TriangleAlert } from 'lucide-preact';
import { type Tab } from '../../src/shared/panel.js';
import { ConnectionTab } from '../connection/connectionTab.js';
import { JobsTab } from '../jobs/jobsTab.js';
import { MetricsTab } from '../metrics/metricsTab.js';
import { ProjectsTab } from '../projects/projectsTab.js';
import { usePanel } from '../state/context.js';
import { Button } from '../ui/button.js';
import { Banner, EmptyState } from '../ui/messages.js';
import { Tabs, type TabItem } from '../ui/tabs.js';
import { Header } from './header.js';

const ITEMS: readonly TabItem<Tab>[] = [
  { id: 'connection', label: 'Connection', icon: Plug },
  { id: 'metrics', label: 'Metrics', icon: Activity },
  { id: 'projects', label: 'Projects', icon: FolderKanban },
  { id: 'jobs', label: 'Jobs', icon: Play },
];

/** The whole page. */
export function App() {
  const { store } = usePanel();
  return (
    <main class="shell">
      <Header />
      <Tabs
        label="DGX Spark"
        items={ITEMS}
        current={store.tab.value}
        onSelect={tab => {
          store.tab.value = tab;
        }}
      >
        {tab => <View tab={tab} />}
      </Tabs>
    </main>
  );
}

function View({ tab }: { tab: Tab }) {
  const { store, actions } = usePanel();
  const state = store.state.value;
  const loadError = store.loadError.value;
  if (loadError && !state) {
    return (
      <EmptyState icon={TriangleAlert} text={`${loadError.message} ${loadError.hint ?? ''}`}>
        <Button kind="primary" onClick={() => actions.reload()}>
          Try again
        </Button>
      </EmptyState>
    );
  }
  if (!state) return <Starting />;
  // an empty list that nobody has answered for is no empty list: do not offer to add the first connection
  if (!store.isKnown.value && !store.draft.value) {
    return <Starting />;
  }
  const stale = !state.engineUp && state.snapshot.connections.length > 0;
  return (
    <>
      {stale && (
        <Banner
          tone="info"
          message="The DGX Spark engine is starting."
          hint="What you see is the last that was known; it catches up by itself."
        />
      )}
      {tab === 'connection' && <ConnectionTab />}
      {tab === 'metrics' && <MetricsTab />}
      {tab === 'projects' && <ProjectsTab />}
      {tab === 'jobs' && <JobsTab />}
    </>
  );
}

/** Says so when the start takes long enough to be noticed; until then the page stays calm and empty. */
function Starting() {
  return (
    <div class="shell__starting" role="status">
      <EmptyState icon={Server} text="DGX Spark is starting…" />
    </div>
  );
}
