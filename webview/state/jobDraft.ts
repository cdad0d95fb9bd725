import * as v from 'valibot';
import { jobInputSchema, type Job, type JobConfig, type JobData, type JobInput } from '../../src/shared/jobs.js';
import { type JobNotice } from '../../src/shared/notify.js';
import { type ProjectConfig } from '../../src/shared/projectConfig.js';
import { type JobDraft } from './host.js';

/** The fields of the form that can be wrong, in the order in which they stand. */
export const JOB_FIELDS = [
  'name',
  'command',
  'folder',
  'modelName',
  'image',
  'volumes',
  'ports',
  'shmSize',
  'gpus',
  'env',
  'secrets',
  'timeLimit',
  'memory',
  'after',
] as const;
export type JobField = (typeof JOB_FIELDS)[number];
export type JobFieldErrors = Partial<Record<JobField, string>>;

const WEBHOOK_NOTICES: Readonly<Record<JobDraft['webhook'], readonly JobNotice[]>> = {
  no: [],
  editor: ['webhook'],
  machine: ['machineWebhook'],
};

/** The form for a new job. */
export function emptyJobDraft(connectionId: string): JobDraft {
  return {
    ...{ jobId: null, connectionId, projectId: null, name: '', modelName: '', command: '', folder: '~' },
    ...{ env: '', secrets: '', gpus: 'all', runner: 'process', image: '', volumes: '', ports: '' },
    ...{ shmSize: '16g', ipcHost: true, timeLimit: '', memory: '', after: '' },
    ...{ mail: 'no', webhook: 'no' },
  };
}

/** The form for a saved job. */
export function jobDraftFor(job: Job): JobDraft {
  const { id, projectId, name, modelName } = job;
  return {
    ...withConfig(emptyJobDraft(job.connectionId), job.config),
    ...{ jobId: id, projectId, name, modelName: modelName ?? '' },
  };
}

/** A draft with what the configuration of its project says, where nothing was written yet. */
export function withDefaults(draft: JobDraft, { defaultCommand, defaultImage, environment }: ProjectConfig): JobDraft {
  const command = typeof defaultCommand === 'string' ? defaultCommand : (defaultCommand ?? []).map(quoted).join(' ');
  return {
    ...draft,
    ...(draft.command.trim() === '' ? { command } : {}),
    ...(draft.env.trim() === '' ? { env: asLines(environment ?? {}) } : {}),
    ...(draft.image.trim() === '' && defaultImage !== undefined && defaultImage !== ''
      ? { image: defaultImage, runner: 'container' as const }
      : {}),
  };
}

/** One argument for the shell of the machine. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A draft with what a job or a template says of how it is run. */
export function withConfig(draft: JobDraft, config: JobConfig): JobDraft {
  const { command, folder, env, secrets, gpus, runner, timeLimitMinutes, memoryGib, after, notify } = config;
  return {
    ...draft,
    ...{ command, folder, gpus },
    env: asLines(env),
    secrets: secrets.join(' '),
    runner: runner.kind === 'container' ? 'container' : 'process',
    ...(runner.kind === 'container'
      ? {
          ...{ image: runner.image, volumes: runner.volumes.join('\n'), ports: runner.ports.join('\n') },
          ...{ shmSize: runner.shmSize, ipcHost: runner.ipcHost },
        }
      : {}),
    timeLimit: timeLimitMinutes === null ? '' : String(timeLimitMinutes),
    memory: memoryGib === null ? '' : String(memoryGib),
    after: after ?? '',
    mail: notify.includes('email') ? 'yes' : 'no',
    webhook: notify.includes('machineWebhook') ? 'machine' : notify.includes('webhook') ? 'editor' : 'no',
  };
}

function asLines(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}

/** Checks a form by the contract's own rules: what may be sent, or the first complaint of each field. */
export function checkJobDraft(draft: JobDraft): { data: JobData } | { errors: JobFieldErrors } {
  const env = readEnv(draft.env);
  const checked = v.safeParse(jobInputSchema, asInput(draft, env.variables));
  const errors: JobFieldErrors = env.error === undefined ? {} : { env: env.error };
  if (checked.success && env.error === undefined) return { data: checked.output };
  for (const issue of checked.issues ?? []) {
    const field = fieldAt(v.getDotPath(issue) ?? '');
    if (field) errors[field] ??= issue.message;
  }
  return { errors };
}

/** What a draft says, as the contract wants it; not checked. */
function asInput(draft: JobDraft, env: Record<string, string>): JobInput {
  const { connectionId, projectId, name, modelName, command, folder, gpus, image, shmSize, ipcHost } = draft;
  const [volumes, ports] = [lines(draft.volumes), lines(draft.ports)];
  const [limit, memory] = [draft.timeLimit.trim(), draft.memory.trim().replace(',', '.')];
  return {
    ...{ connectionId, projectId, name, modelName: modelName.trim() === '' ? null : modelName },
    config: {
      ...{ command, folder, env, gpus },
      secrets: draft.secrets.split(/[\s,;]+/).filter(word => word !== ''),
      runner:
        draft.runner === 'container'
          ? { kind: 'container', image, volumes, ports, shmSize, ipcHost }
          : { kind: 'process' },
      timeLimitMinutes: limit === '' ? null : Number(limit),
      memoryGib: memory === '' ? null : Number(memory),
      after: draft.after === '' ? null : draft.after,
      notify: [...(draft.mail === 'yes' ? (['email'] as const) : []), ...WEBHOOK_NOTICES[draft.webhook]],
    },
  };
}

function readEnv(text: string): { variables: Record<string, string>; error?: string } {
  const variables: Record<string, string> = {};
  for (const line of lines(text)) {
    const at = line.indexOf('=');
    if (at < 1) return { variables, error: 'Write each variable as NAME=value, one a line.' };
    variables[line.slice(0, at).trim()] = line.slice(at + 1);
  }
  return { variables };
}

function fieldAt(path: string): JobField | undefined {
  const name = path.replace(/^config\.(?:runner\.)?/, '').split('.')[0];
  if (name === 'timeLimitMinutes') return 'timeLimit';
  return name === 'memoryGib' ? 'memory' : JOB_FIELDS.find(field => field === name);
}

/** True when `name` is a field of the form: errors of the engine name fields too. */
export function isJobField(name: string | null | undefined): name is JobField {
  return JOB_FIELDS.some(field => field === name);
}

function lines(text: string): string[] {
  return text.split('\n').filter(line => line.trim() !== '');
}
