import type { Job } from '../../shared/jobs.js';
import { SparkError } from '../../shared/errors.js';
import { watchProcess } from './adoption.js';

/** Makes one shell line of a program and its arguments. */
export type Quote = (argv: readonly string[]) => string;

/** What a runner makes of a job for the launcher. */
export interface Launch {
  /** Shell text. */
  readonly command: string;
  /** Variables that are set for it, the secrets not among them. */
  readonly env: Readonly<Record<string, string>>;
  /** Name of the container that must be stopped to end it. */
  readonly container: string | undefined;
}

/** A way to run a job. A cluster scheduler would be another. */
export type PrepareLaunch = (job: Job, quote: Quote) => Launch;

/** What programs print is to be seen when they print it. */
const UNBUFFERED = { PYTHONUNBUFFERED: '1' };

const asProcess: PrepareLaunch = ({ config }) => ({
  command: `${config.command}\n`,
  env: { ...UNBUFFERED, ...visibleGpus(config.gpus), ...config.env },
  container: undefined,
});

/** Values go into the container by name, so that they stand in nobody's arguments. */
const asContainer: PrepareLaunch = (job, quote) => {
  const { config } = job;
  const { runner, gpus } = config;
  if (runner.kind !== 'container') throw new SparkError({ code: 'internal', message: 'This is no container.' });
  const env = { ...UNBUFFERED, ...config.env };
  const name = containerName(job);
  const options = [
    ...['--rm', '--name', name, '--label', `dgx-spark.job=${job.id}`],
    ...(gpus === 'none' ? [] : ['--gpus', gpus === 'all' ? 'all' : `"device=${gpus}"`]),
    ...(runner.ipcHost ? ['--ipc=host'] : []),
    ...(runner.shmSize === '' ? [] : [`--shm-size=${runner.shmSize}`]),
    ...runner.volumes.flatMap(volume => ['-v', volume]),
    ...runner.ports.flatMap(port => ['-p', port]),
    ...[...Object.keys(env), ...config.secrets].flatMap(variable => ['-e', variable]),
  ];
  // the launcher has gone to the folder: it is the working folder inside, too
  const place = config.folder === '' ? '' : ' -v "$PWD":/workspace -w /workspace';
  const inside = quote([runner.image, 'sh', '-c', config.command]);
  return { command: `exec ${quote(['docker', 'run', ...options])}${place} ${inside}\n`, env, container: name };
};

const asAdoptedProcess: PrepareLaunch = ({ config: { runner } }) => {
  if (runner.kind !== 'adoptedProcess') throw new SparkError({ code: 'internal', message: 'This is no program.' });
  return { command: watchProcess(runner.pid, runner.start), env: {}, container: undefined };
};

const asAdoptedContainer: PrepareLaunch = ({ config: { runner } }, quote) => {
  if (runner.kind !== 'adoptedContainer') throw new SparkError({ code: 'internal', message: 'This is no container.' });
  const name = runner.container;
  const [logs, wait] = [quote(['docker', 'logs', '-f', name]), quote(['docker', 'wait', name])];
  return { command: `${logs} 2>&1 &\ncode=$(${wait}) || exit 1\nwait\nexit "$code"\n`, env: {}, container: name };
};

const RUNNERS: Readonly<Record<Job['config']['runner']['kind'], PrepareLaunch>> = {
  process: asProcess,
  container: asContainer,
  adoptedProcess: asAdoptedProcess,
  adoptedContainer: asAdoptedContainer,
};

export const prepareLaunch: PrepareLaunch = (job, quote) => RUNNERS[job.config.runner.kind](job, quote);

export function containerName(job: Pick<Job, 'id' | 'run'>): string {
  return `dgx-spark-${job.id}-${job.run}`;
}

/** Shell text that sets and exports variables. */
export function exportsOf(env: Readonly<Record<string, string>>, quote: Quote): string {
  return Object.entries(env)
    .map(([name, value]) => `export ${quote([`${name}=${value}`])}\n`)
    .join('');
}

function visibleGpus(gpus: string): Record<string, string> {
  return gpus === 'all' ? {} : { CUDA_VISIBLE_DEVICES: gpus === 'none' ? '' : gpus };
}
