import './styles/tokens.css';
import './styles/base.css';
import './ui/ui.css';
import './ui/toolkit.css';
import './shell/shell.css';
import './connection/connection.css';
import 'uplot/dist/uPlot.min.css';
import './metrics/metrics.css';
import './projects/projects.css';
import './metrics/history.css';
import './jobs/jobs.css';
import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './shell/app.js';
import { PanelActions } from './state/actions.js';
import { JobActions } from './state/jobActions.js';
import { startClock } from './state/clock.js';
import { PanelProvider } from './state/context.js';
import { ProjectActions } from './state/projectActions.js';
import { PanelSession } from './state/session.js';
import { PanelStore } from './state/store.js';
import { registerToolkit } from './ui/toolkit.js';

const host = acquireVsCodeApi();
const store = new PanelStore(host);
const session = new PanelSession(host, store);
const actions = new PanelActions(session, store);
const projects = new ProjectActions(session, store);
const jobs = new JobActions(session, store);

registerToolkit();
startClock();
effect(() => {
  document.body.dataset['palette'] = store.state.value?.palette ?? 'theme';
});
const root = document.getElementById('root');
if (root) {
  render(
    <PanelProvider value={{ store, actions, projects, jobs }}>
      <App />
    </PanelProvider>,
    root,
  );
}
void session.load();
