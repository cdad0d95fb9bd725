import '../styles/tokens.css';
import '../styles/base.css';
import '../ui/ui.css';
import '../ui/toolkit.css';
import './chains.css';
import { render } from 'preact';
import '../state/host.js';
import { registerToolkit } from '../ui/toolkit.js';
import { ResultsPage } from './resultsPage.js';

const host = acquireVsCodeApi();
registerToolkit();
const root = document.getElementById('root');
if (root) {
  render(
    <ResultsPage
      send={request => {
        host.postMessage(request);
      }}
      remember={path => {
        host.setState({ path });
      }}
    />,
    root,
  );
}
