import type { Container, ContainerUsage } from '../../shared/containers.js';
import { bytesText } from '../models/modelWords.js';

/** "Up 2 hours", "Exited (1) 5 minutes ago"; the state where Docker says no more. */
export function statusText({ status, state }: Container): string {
  return status === '' ? state : status;
}

/** "8888", "8080 to 80": the published ports as the machine has them. */
export function portsText({ ports }: Container): string[] {
  return ports.map(({ hostPort, containerPort, protocol }) => {
    const port = hostPort === containerPort ? String(hostPort) : `${hostPort} to ${containerPort}`;
    return protocol === 'tcp' ? port : `${port}/${protocol}`;
  });
}

/** "GPU 12.4 GB", "CPU 35 %", "1.2 GB". */
export function usageTexts(usage: ContainerUsage | undefined): string[] {
  if (!usage) return [];
  const { cpuPercent, memoryBytes, gpuBytes, gpuProcesses } = usage;
  return [
    ...(gpuBytes !== null ? [`GPU ${bytesText(gpuBytes)}`] : gpuProcesses > 0 ? ['uses the GPU'] : []),
    ...(cpuPercent === null ? [] : [`CPU ${Math.round(cpuPercent)} %`]),
    ...(memoryBytes === null ? [] : [bytesText(memoryBytes)]),
  ];
}

/** Progress of `docker pull` in words: how many layers are there, of those that it has named. */
export class PullLayers {
  private readonly layers = new Map<string, boolean>();
  private line = '';

  /** Takes more of the output; answers how far it is, and the last line. */
  take(text: string): { readonly done: number; readonly all: number; readonly last: string } {
    const lines = (this.line + text).split('\n');
    this.line = (lines.pop() ?? '').slice(-1000);
    for (const line of lines) {
      const [, layer, status = ''] = /^([0-9a-f]{12}): (.{1,80})/.exec(line) ?? [];
      if (layer !== undefined && status !== '') this.layers.set(layer, /^(Pull complete|Already exists)/.test(status));
    }
    const done = [...this.layers.values()].filter(Boolean).length;
    return { done, all: this.layers.size, last: lines.at(-1) ?? '' };
  }
}
