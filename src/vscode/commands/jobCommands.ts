import * as vscode from 'vscode';
import { adoptionSchema, jobIdSchema, jobInputSchema, type Job } from '../../shared/jobs.js';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import type { EngineClient } from '../engineClient.js';
import { adoptAsking } from '../jobs/adopt.js';
import { cleanUpAsking } from '../jobs/cleanUp.js';
import { exportPointsAsking, openLog, saveLogAsking } from '../jobs/jobFiles.js';
import { deleteTemplatesAsking } from '../jobs/templates.js';
import { deleteJobAsking, startJobAsking } from '../jobs/jobActions.js';
import { withoutIcons } from '../plainText.js';
import { asJobRow, isUnderWay, JOB_STATUS_ICONS, JOB_STATUS_WORDS } from '../views/jobRows.js';
import { checked, readCall } from './arguments.js';
import { attempt } from './interactive.js';
import { pickConnection } from './pickConnection.js';
import type { CommandServices } from './services.js';

/** Which jobs a command is for. */
interface Choice {
  readonly title: string;
  readonly fits: (job: Job) => boolean;
}

/** Training jobs: make, start, stop, look at, copy, delete. */
export function registerJobCommands(services: CommandServices): vscode.Disposable {
  const { client, panel, jobs } = services;
  const open = (view: 'job' | 'form') => async (jobId: string) => {
    panel.openJob(view, jobId);
    await Promise.resolve();
  };
  /** The same for a caller as for a user: these need a user anyway. */
  const alike = (act: (client: EngineClient, job: Job) => Promise<void>) => {
    const take = async (jobId: string) => {
      const job = jobs.get(jobId);
      if (job) await act(client, job);
    };
    return { argument: take, interactive: take };
  };
  return vscode.Disposable.from(
    registerCommand(COMMANDS.createJob, async input => {
      if (readCall(input).form === 'argument' && !asJobRow(input))
        return (await client.request('jobs/create', checked(jobInputSchema, input))).id;
      panel.openJob('form', null);
      return undefined;
    }),
    registerCommand(COMMANDS.editJob, async first => {
      await aboutJob(
        services,
        first,
        { title: 'Edit Job', fits: atRest },
        { argument: open('form'), interactive: open('form') },
      );
    }),
    registerCommand(COMMANDS.startJob, async first => {
      await aboutJob(
        services,
        first,
        { title: 'Start Job', fits: atRest },
        {
          argument: async jobId => {
            await client.request('jobs/start', { jobId });
          },
          interactive: async jobId => {
            await startJobAsking(client, jobId);
          },
        },
      );
    }),
    registerCommand(COMMANDS.stopJob, async first => {
      const stop = async (jobId: string) => {
        await client.request('jobs/stop', { jobId });
      };
      await aboutJob(services, first, { title: 'Stop Job', fits: isUnderWay }, { argument: stop, interactive: stop });
    }),
    registerCommand(COMMANDS.duplicateJob, async first => {
      const copy = async (jobId: string) => (await client.request('jobs/duplicate', { jobId })).id;
      return await aboutJob(
        services,
        first,
        { title: 'Duplicate Job', fits: () => true },
        {
          argument: copy,
          interactive: async jobId => {
            const made = await copy(jobId);
            panel.openJob('form', made);
            return made;
          },
        },
      );
    }),
    registerCommand(COMMANDS.deleteJob, async first => {
      await aboutJob(
        services,
        first,
        { title: 'Delete Job', fits: atRest },
        {
          argument: async jobId => {
            await client.request('jobs/delete', { jobId });
          },
          interactive: async jobId => {
            const job = jobs.get(jobId);
            if (job) await deleteJobAsking(client, job);
          },
        },
      );
    }),
    registerCommand(COMMANDS.showJobLogs, async first => {
      await aboutJob(
        services,
        first,
        { title: 'Show Log of Job', fits: () => true },
        { argument: open('job'), interactive: open('job') },
      );
    }),
    registerCommand(COMMANDS.showJobMetrics, async first => {
      await aboutJob(
        services,
        first,
        { title: 'Show Curves of Job', fits: () => true },
        { argument: open('job'), interactive: open('job') },
      );
    }),
    registerCommand(COMMANDS.openJobLog, async first => {
      await aboutJob(services, first, { title: 'Open Log of Job', fits: hasRun }, alike(openLog));
    }),
    registerCommand(COMMANDS.saveJobLog, async first => {
      await aboutJob(services, first, { title: 'Save Log of Job', fits: hasRun }, alike(saveLogAsking));
    }),
    registerCommand(COMMANDS.exportJobCurves, async first => {
      await aboutJob(
        services,
        first,
        { title: 'Export Curves of Job', fits: hasRun },
        alike(async (_, job) => {
          await exportPointsAsking(client, [job]);
        }),
      );
    }),
    registerCommand(COMMANDS.adoptJob, async first => {
      const call = readCall(first);
      if (call.form === 'argument') return (await client.request('jobs/adopt', checked(adoptionSchema, first))).id;
      return await attempt(services, call.row?.connectionId, async () => {
        const connectionId =
          call.row?.connectionId ??
          (await pickConnection(services, {
            title: 'Adopt a Running Program',
            fits: ({ status }) => status.state === 'connected',
            noneFits: 'No Spark is connected.',
          }));
        const job = connectionId === undefined ? undefined : await adoptAsking(client, connectionId);
        if (job) panel.openJob('job', job.id);
        return job?.id;
      });
    }),
    registerCommand(COMMANDS.cleanUpJobs, async () => {
      await attempt(services, undefined, async () => {
        await cleanUpAsking(client, jobs.all);
      });
    }),
    registerCommand(COMMANDS.deleteJobTemplates, async () => {
      await attempt(services, undefined, async () => {
        await deleteTemplatesAsking();
      });
    }),
  );
}

function hasRun({ run }: Job): boolean {
  return run > 0;
}

function atRest(job: Job): boolean {
  return !isUnderWay(job);
}

/** Runs a command that is about one job, in the form in which it was called: `(jobId)`, a row, or neither. */
async function aboutJob<T>(
  services: CommandServices,
  first: unknown,
  choice: Choice,
  work: {
    /** Asks nothing, throws. */
    argument(jobId: string): Promise<T>;
    /** May ask; undefined when the user thought better of it. */
    interactive(jobId: string): Promise<T | undefined>;
  },
): Promise<T | undefined> {
  const row = asJobRow(first);
  if (!row && readCall(first).form === 'argument') return await work.argument(checked(jobIdSchema, first));
  const jobId = row?.jobId ?? (await pickJob(services, choice));
  if (jobId === undefined) return undefined;
  const connectionId = services.jobs.get(jobId)?.connectionId;
  return await attempt(services, connectionId, async () => await work.interactive(jobId));
}

async function pickJob({ jobs, panel }: CommandServices, { title, fits }: Choice): Promise<string | undefined> {
  const fitting = jobs.all.filter(fits);
  if (fitting.length === 0) {
    const add = 'New Job';
    const none = jobs.all.length === 0 ? 'No training job is saved yet.' : 'No training job fits.';
    if ((await vscode.window.showInformationMessage(none, add)) === add) panel.openJob('form', null);
    return undefined;
  }
  const items = fitting.map(job => ({
    jobId: job.id,
    label: withoutIcons(job.name),
    description: JOB_STATUS_WORDS[job.status],
    iconPath: new vscode.ThemeIcon(JOB_STATUS_ICONS[job.status]),
  }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: 'Choose a job' }))?.jobId;
}
