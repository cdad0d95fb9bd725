import { dirname } from 'node:path';
import * as v from 'valibot';
import * as vscode from 'vscode';
import { CHAIN_FILE, endpointChoiceSchema, type RunSummary, type RunView } from '../../shared/chains.js';
import { SparkError } from '../../shared/errors.js';
import { COMMANDS, type RunChainOptions } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { together } from '../emitter.js';
import { withoutLinks } from '../plainText.js';
import { checked } from './arguments.js';
import { attempt } from './interactive.js';
import type { CommandServices } from './services.js';

const FIRST_FEW = 5;
const uriSchema = v.union([v.pipe(v.string(), v.minLength(1)), v.custom<vscode.Uri>(value => value instanceof vscode.Uri)]);
const optionsSchema = v.optional(
  v.strictObject({
    endpoint: v.optional(endpointChoiceSchema),
    first: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    step: v.optional(v.string()),
    restart: v.optional(v.boolean()),
  }),
  {},
);

/** Runs chains of prompts. */
export function registerChainCommands(services: CommandServices): vscode.Disposable {
  const run = async (options: RunChainOptions) => {
    await attempt(services, undefined, async () => {
      await runInteractively(services, await chainInEditor(), options);
    });
  };
  return vscode.Disposable.from(
    registerCommand(COMMANDS.runChain, async (first, second) => {
      if (first === undefined || first === null) {
        await run({});
        return undefined;
      }
      const options = checked(optionsSchema, second);
      return await runByArgument(services, chainUri(checked(uriSchema, first)), withoutGaps(options));
    }),
    registerCommand(COMMANDS.runChainOnDgx, async () => {
      await run({ endpoint: 'dgx' });
    }),
    registerCommand(COMMANDS.runChainLocally, async () => {
      await run({ endpoint: 'local' });
    }),
    registerCommand(COMMANDS.runChainFirstInputs, async () => {
      await run({ first: FIRST_FEW });
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

async function runInteractively(services: CommandServices, uri: vscode.Uri, options: RunChainOptions): Promise<void> {
  const { client } = services;
  const started = await client.request('chains/start', { ...whatToRun(uri, options), mayAsk: true });
  if (started.kind === 'modelsMissing') {
    if (await pullMissing(services, started)) await runInteractively(services, uri, options);
    return;
  }
  const summary = await showProgress(services, started.run, started.continued);
  void tellEnd(uri, started.run, summary);
}

/** Shows how far a run is until it ends; cancelling the notification cancels the run. */
async function showProgress({ client }: CommandServices, run: RunView, isContinued: boolean): Promise<RunSummary> {
  return await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: withoutLinks(`${run.chain}${isContinued ? ', continued' : ''}`),
      cancellable: true,
    },
    async (progress, token) => {
      let shown = 0;
      const report = ({ state, reason, rows, cells }: RunView) => {
        const percent = cells.total > 0 ? (100 * cells.over) / cells.total : 0;
        const over = rows.passed + rows.failed;
        const message = state === 'paused' ? `paused: ${reason ?? ''}` : `${over} of ${rows.total} rows`;
        progress.report({ message: withoutLinks(message), increment: Math.max(0, percent - shown) });
        shown = Math.max(shown, percent);
      };
      const listening = together(
        client.onDidChangeRun(changed => {
          if (changed.runId === run.runId) report(changed);
        }),
        token.onCancellationRequested(() => {
          client.request('chains/cancel', { runId: run.runId }).catch(() => undefined);
        }),
      );
      report(run);
      try {
        return await client.request('chains/wait', { runId: run.runId });
      } finally {
        listening.dispose();
      }
    },
  );
}

async function tellEnd(uri: vscode.Uri, run: RunView, { passed, failed, tokens, seconds }: RunSummary): Promise<void> {
  const open = 'Open Results';
  const outcome = failed === 0 ? `all ${passed} rows passed` : `${passed} rows passed, ${failed} failed`;
  const show = failed === 0 ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
  const message = withoutLinks(`${run.chain}: ${outcome} (${tokens} tokens in ${Math.round(seconds)} s)`);
  if ((await show(message, open)) === open)
    await vscode.window.showTextDocument(uri.with({ path: `${uri.path}.results.jsonl` }));
}

/** Offers to pull the models that an Ollama does not have; false when the user thought better of it. */
async function pullMissing(
  { client }: CommandServices,
  { models, endpoint, url }: { models: string[]; endpoint: string; url: string },
): Promise<boolean> {
  const pull = 'Pull';
  const names = models.join(', ');
  const question = withoutLinks(`Ollama at ${url} does not have ${names}.`);
  const detail = 'Pull it there, or cancel and run the chain where it is.';
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, pull)) !== pull) return false;
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: withoutLinks(`Pulling ${names}`), cancellable: true },
    async (progress, token) => {
      const controller = new AbortController();
      const listening = together(
        token.onCancellationRequested(() => {
          controller.abort();
        }),
        client.onDidPullForChain(({ status, completed, total }) => {
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
  return true;
}

/** The chain in the active editor, saved. */
async function chainInEditor(): Promise<vscode.Uri> {
  const document = vscode.window.activeTextEditor?.document;
  if (!document || !CHAIN_FILE.test(document.uri.path))
    throw new SparkError({
      code: 'invalidInput',
      message: 'No chain is open.',
      hint: 'Open a file whose name ends with .chain.yaml or .chain.json.',
    });
  if (document.isDirty && !(await document.save()))
    throw new SparkError({ code: 'cancelled', message: 'The chain was not saved.' });
  return chainUri(document.uri);
}

function chainUri(given: vscode.Uri | string): vscode.Uri {
  const isAddress = typeof given === 'string' && /^[a-z][\w+.-]+:\/\//i.test(given);
  const uri = typeof given !== 'string' ? given : isAddress ? vscode.Uri.parse(given, true) : vscode.Uri.file(given);
  if (uri.scheme === 'file' && CHAIN_FILE.test(uri.path)) return uri;
  throw new SparkError({
    code: 'invalidInput',
    message: 'A chain is a file of this computer whose name ends with .chain.yaml or .chain.json.',
  });
}

function whatToRun(uri: vscode.Uri, { endpoint, first, step, restart }: RunChainOptions) {
  if (!vscode.workspace.isTrusted)
    throw new SparkError({
      code: 'workspaceUntrusted',
      message: 'Chains of a workspace that you do not trust are shown, not run.',
      hint: 'Trust the workspace first.',
    });
  const path = uri.fsPath;
  return {
    ...{ path, folder: vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath ?? dirname(path) },
    ...(endpoint !== undefined && { endpoint }),
    ...(first !== undefined && { first }),
    ...(step !== undefined && { step }),
    ...(restart === true && { how: 'restart' as const }),
  };
}
