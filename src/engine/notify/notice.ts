import type { Alert } from '../../shared/alerts.js';
import type { Job, JobMetrics, JobStatus } from '../../shared/jobs.js';

/** Something that is told outside of the editor. Text that came from a machine is in it: it is sent as plain text only. */
export interface Notice {
  /** One line. */
  readonly title: string;
  /** What follows it; may be empty, may have several lines. */
  readonly text: string;
  /** For programs that read it. */
  readonly facts: Readonly<Record<string, string | number | null>>;
}

/** So much of a log's end is sent. */
export const LOG_LINES = 20;

export function noticeOfAlert(alert: Alert, machine: string): Notice {
  return {
    title: `${machine}: ${alert.message}`,
    text: alert.hint ?? '',
    facts: {
      ...{ event: 'alert', machine, kind: alert.kind, severity: alert.severity },
      at: new Date(alert.raisedAt).toISOString(),
    },
  };
}

const ENDS: Partial<Record<JobStatus, string>> = {
  completed: 'has completed',
  lost: 'was lost',
  stopped: 'was not started',
};

/** @param lines the end of its log; empty where it could not be read, or is not to be sent */
export function noticeOfJob(job: Job, machine: string, lines: readonly string[]): Notice {
  const { name, status, exitCode, reason, startedAt, completedAt, metrics } = job;
  const ran = startedAt !== null && completedAt !== null ? `It ran for ${inWords(completedAt - startedAt)}.` : '';
  const text = [
    [reason, ran].filter(Boolean).join(' '),
    figures(metrics),
    lines.length === 0 ? '' : `The end of its log:\n\n${lines.join('\n')}`,
  ];
  return {
    title: `${machine}: training job "${name}" ${ENDS[status] ?? 'has failed'}`,
    text: text.filter(part => part !== '').join('\n\n'),
    facts: {
      ...{ event: 'job', machine, job: name, status, exitCode, loss: metrics?.loss ?? null },
      ...{ evalLoss: metrics?.evalLoss ?? null, step: metrics?.step ?? null },
      startedAt: startedAt === null ? null : new Date(startedAt).toISOString(),
      completedAt: completedAt === null ? null : new Date(completedAt).toISOString(),
    },
  };
}

export function testNotice(): Notice {
  return {
    title: 'DGX Spark for VS Code: a test',
    text: 'Alerts and the ends of training jobs will reach you here.',
    facts: { event: 'test' },
  };
}

function figures(metrics: JobMetrics | null): string {
  if (!metrics) return '';
  const shown: [string, number | null][] = [
    ['Loss', metrics.loss],
    ['Evaluation loss', metrics.evalLoss],
    ['Step', metrics.step],
    ['Epoch', metrics.epoch],
    ['Learning rate', metrics.learningRate],
    ['Tokens a second', metrics.tokensPerSecond],
  ];
  return shown
    .flatMap(([name, value]) => (value === null ? [] : [`${name}: ${Number(value.toPrecision(6))}`]))
    .join('\n');
}

function inWords(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.max(0, Math.round(ms / 1000))} s`;
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
