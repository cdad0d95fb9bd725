import type { ConnectionView } from '../../shared/connection.js';
import type { ForwardTraffic, ForwardView } from '../../shared/forwards.js';
import { REMOTE_LOOPBACK } from '../../shared/forwards.js';
import type { Pull } from '../../shared/ollama.js';
import { ROW_KINDS } from '../contributionData.js';
import type { ModelBook, ModelPage } from '../models/modelBook.js';
import { bytesText, FIT_WORDS, loadedFacts, modelFacts, pullText } from '../models/modelWords.js';
import type { Row, RowText } from './connectionRows.js';

type Pages = Pick<ModelBook, 'page' | 'pulls' | 'installed' | 'loaded'>;

/** The rows under "Models": what is being pulled, what is loaded, what is installed; or what to do where there is no Ollama. */
export function modelRows(connectionId: string, book: Pages): Row[] {
  const page = book.page(connectionId);
  const pulls = book.pulls(connectionId).map(({ model }): Row => ({ kind: 'pull', connectionId, model }));
  if (page?.state !== 'known') return pulls;
  const { list } = page;
  const loaded = new Set(list.loaded.map(({ name }) => name));
  const inOrder = [...list.installed].sort((a, b) => Number(loaded.has(b.name)) - Number(loaded.has(a.name)));
  const models = inOrder.map(({ name }): Row => ({ kind: 'model', connectionId, model: name }));
  const remedy: Row[] = list.remedy === undefined ? [] : [{ kind: 'remedy', connectionId }];
  return [...remedy, ...pulls, ...models];
}

/** "Models", with how many there are, or why there are none. */
export function modelsText(page: ModelPage | undefined): RowText {
  const state = page === undefined ? 'reading' : page.state === 'failed' ? 'failed' : page.list.state;
  const text = (description: string, warning = false): RowText => ({
    ...{ label: 'Models', description, warning, spoken: `Models, ${description}` },
    contextValue: `${ROW_KINDS.models};${state}`,
  });
  if (page === undefined) return text('reading');
  if (page.state === 'failed') return text(page.error.message, true);
  const { list } = page;
  switch (list.state) {
    case 'up':
      if (list.installed.length === 0) return text('none installed');
      return text(
        `${list.installed.length} installed${list.loaded.length > 0 ? `, ${list.loaded.length} loaded` : ''}`,
      );
    case 'missing':
      return text('Ollama is not installed', true);
    case 'stopped':
      return text('Ollama does not run', true);
    case 'unreachable':
      return text(list.error?.message ?? 'Ollama does not answer', true);
  }
}

export function modelText(connectionId: string, name: string, book: Pages, now: number): RowText {
  const model = book.installed(connectionId, name);
  const loaded = book.loaded(connectionId, name);
  const fit = model && !loaded ? FIT_WORDS[model.fit] : undefined;
  const facts = [...(loaded ? loadedFacts(loaded, now) : []), ...(model && !loaded ? modelFacts(model) : [])];
  const description = [...(fit === undefined ? [] : [fit]), ...facts].join(' · ');
  return {
    label: name,
    description,
    contextValue: `${ROW_KINDS.model};${loaded ? 'loaded' : 'installed'}`,
    warning: fit !== undefined,
    spoken: [name, ...(fit === undefined ? [] : [fit]), ...facts].join(', '),
  };
}

export function pullRowText(name: string, pull: Pull | undefined): RowText {
  const description = pull ? pullText(pull) : 'finished';
  return {
    label: name,
    description,
    contextValue: ROW_KINDS.pull,
    warning: false,
    spoken: `Pulling ${name}, ${description}`,
  };
}

/** What starts or installs Ollama: a click leads to a terminal, nothing is run by itself. */
export function remedyText(page: ModelPage | undefined): RowText {
  const isMissing = page?.state === 'known' && page.list.state === 'missing';
  const label = isMissing ? 'Install Ollama in a Terminal...' : 'Start Ollama in a Terminal...';
  return { label, description: '', contextValue: ROW_KINDS.remedy, warning: false, spoken: label };
}

/** "Forwarded Ports". */
export function forwardsText(forwards: readonly ForwardView[]): RowText {
  const description = forwards.length === 0 ? 'none' : String(forwards.length);
  return {
    ...{ label: 'Forwarded Ports', description, contextValue: ROW_KINDS.forwards },
    warning: forwards.some(({ status }) => status.state === 'error'),
    spoken: `Forwarded ports, ${description}`,
  };
}

export function forwardText(forward: ForwardView | undefined, traffic: ForwardTraffic | undefined): RowText {
  if (!forward) return { label: '', description: '', contextValue: ROW_KINDS.forward, warning: false, spoken: '' };
  const { status, label, remoteHost, remotePort } = forward;
  const remote = remoteHost === REMOTE_LOOPBACK ? `port ${remotePort}` : `${remoteHost}:${remotePort}`;
  const where = () => {
    switch (status.state) {
      case 'open':
        return [`localhost:${status.localPort}`, ...trafficWords(traffic)];
      case 'closed':
        return [remote, 'closed'];
      case 'error':
        return [status.error.message];
    }
  };
  const words = where();
  return {
    label,
    description: words.join(' · '),
    contextValue: `${ROW_KINDS.forward};${status.state}`,
    warning: status.state === 'error',
    spoken: [label, ...words].join(', '),
  };
}

/** Everything about a forward, for its tooltip. */
export function forwardDetails(forward: ForwardView, { name }: ConnectionView): string {
  const to = `${forward.remoteHost}:${forward.remotePort} of ${name}`;
  const { status } = forward;
  if (status.state === 'open') return `http://localhost:${status.localPort} leads to ${to}`;
  return status.state === 'closed' ? `Leads to ${to} while that is connected` : status.error.message;
}

function trafficWords(traffic: ForwardTraffic | undefined): string[] {
  if (!traffic || traffic.bytesDown + traffic.bytesUp === 0) return [];
  const open = traffic.openSockets > 0 ? [`${traffic.openSockets} open`] : [];
  return [...open, `${bytesText(traffic.bytesDown)} received, ${bytesText(traffic.bytesUp)} sent`];
}
