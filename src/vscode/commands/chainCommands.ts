import * as v from 'valibot';
import * as vscode from 'vscode';
import { endpointChoiceSchema, runIdSchema, type RunSummary, type RunView } from '../../shared/chains.js';
import { SparkError } from '../../shared/errors.js';
import { ChainResults } from '../chains/chainResults.js';
import { chainUri, folderOf, pointedAt, savedChain } from '../chains/chainPlace.js';
import { ChainStatus } from '../chains/chainStatus.js';
import { makeChain, writeStarter } from '../chains/newChain.js';
import { askWhatToDo, namedEndpoint, type OtherWay, otherWays } from '../chains/otherWays.js';
import type { RunChainOptions } from '../chains/commandTypes.js';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { together } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import { withoutLinks } from '../plainText.js';
import { checked } from './arguments.js';
import { attempt } from './interactive.js';
import type { CommandServices } from './services.js';

const FIRST_FEW = 5;
const pathSchema = v.pipe(v.string(), v.minLength(1));
const optionsSchema = v.optional(
  v.strictObject({
    endpoint: v.optional(endpointChoiceSchema),
    first: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    step: v.optional(v.string()),
    restart: v.optional(v.boolean()),
  }),
  {},
);

interface Tools {
  readonly services: CommandServices;
  readonly results: ChainResults;
  readonly status: ChainStatus;
}

/** How a chain is run from the editor: also one run that is gone on with. */
interface InteractiveOptions extends RunChainOptions {
  readonly runId?: string;
}

/** Makes and runs chains of prompts, and shows what came of them. */
export function registerChainCommands(services: CommandServices, extensionUri: vscode.Uri): vscode.Disposable {
  const { client } = services;
  const results = new ChainResults(extensionUri, client, {
    continueRun: async (path, runId) => {
      await attempt(services, undefined, async () => {
        await runInteractively(tools, vscode.Uri.file(path), { runId });
      });
    },
    exportRun: async (path, runId) => {
      await attempt(services, undefined, async () => await exportInteractively(tools, vscode.Uri.file(path), runId));
    },
  });
  const status = new ChainStatus(client);
  const tools: Tools = { services, results, status };
  const interactively = async (first: unknown, options: RunChainOptions) => {
    await attempt(services, undefined, async () => {
      // before the chain is saved to be run
      checkTrust();
      const pointed = pointedAt(first);
      const step = pointed?.step === undefined ? {} : { step: pointed.step };
      await runInteractively(tools, await savedChain(pointed?.uri), { ...options, ...step });
    });
  };
  return vscode.Disposable.from(
    results,
    status,
    registerCommand(COMMANDS.runChain, async (first, second) => {
      if (typeof first === 'string')
        return await runByArgument(services, chainUri(first), withoutGaps(checked(optionsSchema, second)));
      await interactively(first, {});
      return undefined;
    }),
    registerCommand(COMMANDS.runChainOnDgx, async first => {
      await interactively(first, { endpoint: 'dgx' });
    }),
    registerCommand(COMMANDS.runChainLocally, async first => {
      await interactively(first, { endpoint: 'local' });
    }),
    registerCommand(COMMANDS.runChainFirstInputs, async first => {
      await interactively(first, { first: FIRST_FEW });
    }),
    registerCommand(COMMANDS.showChainResults, async first => {
      if (typeof first === 'string') results.show(chainUri(first).fsPath);
      else
        await attempt(services, undefined, async () => {
          results.show((await savedChain(pointedAt(first)?.uri)).fsPath);
        });
    }),
    registerCommand(COMMANDS.newChain, async first => {
      if (typeof first === 'string') return await writeStarter(client, chainUri(first));
      return await attempt(services, undefined, async () => await makeChain(client));
    }),
    registerCommand(COMMANDS.exportChainResults, async (first, second, third) => {
      if (typeof first === 'string') {
        const file = checked(pathSchema, second);
        const runId = third === undefined ? undefined : checked(runIdSchema, third);
        return await exportTo(services, chainUri(first).fsPath, file, runId);
      }
      return await attempt(services, undefined, async () => {
        return await exportInteractively(tools, await savedChain(pointedAt(first)?.uri));
      });
    }),
  );
}

function withoutGaps({ endpoint, first, step, restart }: v.InferOutput<typeof optionsSchema>): RunChainOptions {
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(first !== undefined && { first }),
    ...(step !== undefined && { step }),
    ...(restart !== undefined && { restart }),
  };
}

async function runByArgument(
  { client }: CommandServices,
  uri: vscode.Uri,
  options: RunChainOptions,
): Promise<RunSummary> {
  const started = await client.request('chains/start', { ...whatToRun(uri, options), mayAsk: false });
  if (started.kind === 'modelsMissing')
    throw new SparkError({
      code: 'modelMissing',
      message: `${started.url} does not have ${started.models.join(', ')}.`,
      hint: 'Pull the model there, or switch to where it is.',
    });
  return await client.request('chains/wait', { runId: started.run.runId });
}

async function runInteractively(tools: Tools, uri: vscode.Uri, options: InteractiveOptions): Promise<void> {
  const { services, results, status } = tools;
  const { client } = services;
  const started = await startOrMend(services, uri, options);
  if (!started) return;
  status.follow(started.run);
  results.show(uri.fsPath, started.run.runId);
  const summary = await client.request('chains/wait', { runId: started.run.runId });
  tellEnd(started.run.chain, summary);
}

/**
 * Starts a run, however often the user mends what keeps it from starting: a model that is pulled, another place to run
 * it. Undefined when the user thought better of it.
 */
async function startOrMend(
  services: CommandServices,
  uri: vscode.Uri,
  options: InteractiveOptions,
): Promise<{ readonly run: RunView } | undefined> {
  const { client } = services;
  const { runId } = options;
  const params = { ...whatToRun(uri, options), mayAsk: true, ...(runId !== undefined && { runId }) };
  try {
    const started = await client.request('chains/start', params);
    if (started.kind === 'started') return started;
    const way = await pullOrSwitch(client, started);
    return way && (await startOrMend(services, uri, way === 'here' ? options : elsewhere(options, way)));
  } catch (error) {
    if (!SparkError.is(error, 'ollamaUnreachable')) throw error;
    const ways = otherWays(client, options.endpoint ?? (await namedEndpoint(uri)));
    const again = 'Try Again';
    const chosen = await askWhatToDo(error.message, 'Nothing was asked yet.', [again], ways);
    return chosen && (await startOrMend(services, uri, chosen === again ? options : elsewhere(options, chosen)));
  }
}

/** Another place is another run: what the one that was to go on has got stays with it. */
function elsewhere({ first, step, restart }: InteractiveOptions, endpoint: OtherWay): InteractiveOptions {
  return {
    endpoint,
    ...(first !== undefined && { first }),
    ...(step !== undefined && { step }),
    ...(restart !== undefined && { restart }),
  };
}

function tellEnd(chain: string, { passed, failed, tokens, seconds }: RunSummary): void {
  const outcome = failed === 0 ? `all ${passed} rows passed` : `${passed} rows passed, ${failed} failed`;
  const message = withoutLinks(`${chain}: ${outcome} (${tokens} tokens in ${Math.round(seconds)} s).`);
  // not awaited: the command has ended, whenever the user reads it
  if (failed === 0) void vscode.window.showInformationMessage(message);
  else void vscode.window.showWarningMessage(message);
}

async function exportInteractively({ services }: Tools, uri: vscode.Uri, runId?: string): Promise<number | undefined> {
  const defaultUri = uri.with({ path: uri.path.replace(/\.chain\.(ya?ml|json)$/i, '.csv') });
  const target = await vscode.window.showSaveDialog({ defaultUri, filters: { CSV: ['csv'] }, title: 'Export Results' });
  if (!target) return undefined;
  if (target.scheme !== 'file')
    throw new SparkError({ code: 'invalidInput', message: 'Results are exported to a file of this computer.' });
  const rows = await exportTo(services, uri.fsPath, target.fsPath, runId);
  const open = 'Open';
  void vscode.window.showInformationMessage(`${rows} rows were exported.`, open).then(async chosen => {
    if (chosen === open) await vscode.window.showTextDocument(target);
  });
  return rows;
}

/** Exports a run, the newest where none is given; resolves with how many rows that are. */
async function exportTo(
  { client }: CommandServices,
  path: string,
  file: string,
  runId: string | undefined,
): Promise<number> {
  const run = runId ?? (await client.request('chains/runs', { path }))[0]?.runId;
  if (run === undefined) throw new SparkError({ code: 'notFound', message: 'This chain has no results yet.' });
  return (await client.request('chains/export', { path, runId: run, file })).rows;
}

/** Offers to pull the models that an Ollama does not have, or to run the chain elsewhere. */
async function pullOrSwitch(
  client: EngineClient,
  { models, endpoint, url }: { models: string[]; endpoint: string; url: string },
): Promise<OtherWay | 'here' | undefined> {
  const pull = 'Pull';
  const names = models.join(', ');
  const detail = 'Pull it there, or run the chain where it is.';
  const ways = otherWays(client, endpoint);
  const chosen = await askWhatToDo(`Ollama at ${url} does not have ${names}.`, detail, [pull], ways);
  if (chosen !== pull) return chosen;
  await pullModels(client, endpoint, models);
  return 'here';
}

async function pullModels(client: EngineClient, endpoint: string, models: readonly string[]): Promise<void> {
  await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: withoutLinks(`Pulling ${models.join(', ')}`),
      cancellable: true,
    },
    async (progress, token) => {
      const controller = new AbortController();
      const listening = together(
        token.onCancellationRequested(() => {
          controller.abort();
        }),
        client.on('chains/pulling', ({ status, completed, total }) => {
          const percent = completed !== null && total ? `, ${Math.floor((100 * completed) / total)} %` : '';
          progress.report({ message: withoutLinks(`${status}${percent}`) });
        }),
      );
      try {
        for (const model of models) await client.request('chains/pull', { endpoint, model }, controller.signal);
      } finally {
        listening.dispose();
      }
    },
  );
}

function checkTrust(): void {
  if (vscode.workspace.isTrusted) return;
  throw new SparkError({
    code: 'workspaceUntrusted',
    message: 'Chains of a workspace that you do not trust are shown, not run.',
    hint: 'Trust the workspace first.',
  });
}

function whatToRun(uri: vscode.Uri, { endpoint, first, step, restart }: RunChainOptions) {
  checkTrust();
  return {
    ...{ path: uri.fsPath, folder: folderOf(uri) },
    ...(endpoint !== undefined && { endpoint }),
    ...(first !== undefined && { first }),
    ...(step !== undefined && { step }),
    ...(restart === true && { how: 'restart' as const }),
  };
}
