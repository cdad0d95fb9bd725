import type * as v from 'valibot';
import type { WindowSide } from '../../link/types.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import type { ChainService } from '../chains/chainService.js';
import type { ContainerService } from '../containers/containerService.js';
import type { TransferService } from '../files/transfers/transferService.js';
import type { ForwardService } from '../forwards/forwardService.js';
import type { JobService } from '../jobs/jobService.js';
import type { MetricsService } from '../metrics/metricsService.js';
import type { OllamaService } from '../ollama/ollamaService.js';

type WindowNotifications = WindowSide['notifications'];

/** Tells all windows something. */
export type Tell = <K extends keyof WindowNotifications>(
  method: K,
  params: v.InferInput<WindowNotifications[K]>,
) => void;

/** What has something to say that every window hears, and nobody else. */
export interface Speakers {
  readonly chains: ChainService;
  readonly containers: ContainerService;
  readonly forwards: ForwardService;
  readonly jobs: JobService;
  readonly metrics: MetricsService;
  readonly ollama: OllamaService;
  readonly transfers: TransferService;
}

/** Passes on to all windows what the services say. */
export function tellWindows(speakers: Speakers, tell: Tell): Disposable {
  const { chains, containers, forwards, jobs, metrics, ollama, transfers } = speakers;
  const held = new DisposableStore();
  held.add(chains.onDidChange(run => tell('chains/changed', run)));
  held.add(chains.onDidPull(progress => tell('chains/pulling', progress)));
  held.add(containers.onDidChange(connectionId => tell('containers/changed', { connectionId })));
  held.add(forwards.onDidCarry(traffic => tell('forwards/traffic', [...traffic])));
  held.add(jobs.onDidChange(all => tell('jobs/changed', { jobs: [...all] })));
  held.add(jobs.onDidGrow(grown => tell('jobs/logGrew', grown)));
  held.add(metrics.onDidSample(sample => tell('metrics/sampled', sample)));
  held.add(ollama.onDidPull(pulls => tell('ollama/pulling', [...pulls])));
  held.add(ollama.onDidChange(connectionId => tell('ollama/changed', { connectionId })));
  held.add(transfers.onDidChange(list => tell('transfers/changed', { transfers: list })));
  return held;
}
