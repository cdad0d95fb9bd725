import * as v from 'valibot';
import * as vscode from 'vscode';
import { modelNameSchema } from '../../shared/ollama.js';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { hasRoom } from '../models/memoryCheck.js';
import { modelCardText } from '../models/modelCardText.js';
import { bytesText } from '../models/modelWords.js';
import { askIntoEditor } from '../models/promptEditor.js';
import { watchPull } from '../models/pullProgress.js';
import { offerCommand } from '../models/sshTerminal.js';
import { withoutIconsAndLinks, withoutLinks } from '../plainText.js';
import type { ReportDocuments } from '../reportDocument.js';
import { aboutModel, connectedOnly } from './aboutModel.js';
import { checked, checkedId, readCall } from './arguments.js';
import { aboutConnection, attempt } from './interactive.js';
import { pickConnection } from './pickConnection.js';
import { withCancellableProgress } from './quietProgress.js';
import type { CommandServices } from './services.js';

const promptSchema = v.pipe(v.string(), v.trim(), v.nonEmpty('Enter a prompt.'), v.maxLength(1_000_000));
const SAID_FOR_MS = 4000;
const any = { fits: () => true, noneFits: '' };
const NEVER = new AbortController().signal;

/** The models of a machine: get, load, try, look at, unload, delete. */
export function registerModelCommands(services: CommandServices, reports: ReportDocuments): vscode.Disposable {
  const { client, models } = services;
  return vscode.Disposable.from(
    registerCommand(COMMANDS.pullModel, async (first, model) => {
      const call = readCall(first);
      if (call.form === 'argument') {
        await client.request('ollama/pull', { connectionId: checkedId(first), model: checked(modelNameSchema, model) });
        return;
      }
      await attempt(services, call.row?.connectionId, async () => {
        const connectionId = call.row?.connectionId ?? (await pickConnection(services, connectedOnly('Pull Model')));
        const name = connectionId === undefined ? undefined : await askModelName();
        if (connectionId !== undefined && name !== undefined) await pull(services, connectionId, name);
      });
    }),

    registerCommand(COMMANDS.cancelPull, async (first, model) => {
      const call = readCall(first);
      const row = call.form === 'interactive' ? call.row : undefined;
      if (row?.kind === 'pull') await client.request('ollama/cancelPull', row);
      else if (call.form === 'argument')
        await client.request('ollama/cancelPull', {
          connectionId: checkedId(first),
          model: checked(modelNameSchema, model),
        });
    }),

    registerCommand(COMMANDS.unloadModel, async (...args) => {
      const unload = async (connectionId: string, model: string) => {
        await client.request('ollama/unload', { connectionId, model });
      };
      const choice = {
        title: 'Unload Model',
        fits: (_model: unknown, isLoaded: boolean) => isLoaded,
        noneFits: 'No model is loaded.',
      };
      await aboutModel(services, args, choice, { argument: unload, interactive: unload });
    }),

    registerCommand(COMMANDS.deleteModel, async (...args) => {
      const remove = async (connectionId: string, model: string) => {
        await client.request('ollama/delete', { connectionId, model });
      };
      await aboutModel(
        services,
        args,
        { title: 'Delete Model', ...any },
        {
          argument: remove,
          interactive: async (connectionId, model) => {
            if (await confirmDelete(services, connectionId, model)) await remove(connectionId, model);
          },
        },
      );
    }),

    registerCommand(COMMANDS.showModelCard, async (...args) => {
      const read = async (connectionId: string, model: string) =>
        await client.request('ollama/show', { connectionId, model });
      return await aboutModel(
        services,
        args,
        { title: 'Show Model Card', ...any },
        {
          argument: read,
          interactive: async (connectionId, model) => {
            const card = await read(connectionId, model);
            await reports.show(model, modelCardText(card));
            return card;
          },
        },
      );
    }),

    registerCommand(COMMANDS.copyModelName, async (...args) => {
      const copy = async (_connectionId: string, model: string) => {
        await vscode.env.clipboard.writeText(model);
        vscode.window.setStatusBarMessage(`Copied ${model}`, SAID_FOR_MS);
        return model;
      };
      return await aboutModel(
        services,
        args,
        { title: 'Copy Model Name', ...any },
        { argument: copy, interactive: copy },
      );
    }),

    registerCommand(COMMANDS.tryModel, async (...args) => {
      const choice = {
        title: 'Try a Prompt',
        fits: ({ capabilities }: { capabilities: readonly string[] }) =>
          capabilities.length === 0 || capabilities.includes('completion'),
        noneFits: 'No model that answers prompts is installed.',
      };
      return await aboutModel(services, args, choice, {
        argument: async (connectionId, model) =>
          await askIntoEditor(client, { connectionId, model, prompt: checked(promptSchema, args[2]) }, NEVER),
        interactive: async (connectionId, model) => await tryModel(services, connectionId, model),
      });
    }),

    registerCommand(COMMANDS.checkModelMemory, async (...args) => {
      const check = async (connectionId: string, model: string) =>
        await client.request('ollama/checkMemory', { connectionId, model });
      return await aboutModel(
        services,
        args,
        { title: 'Check Memory for Model', ...any },
        {
          argument: check,
          interactive: async (connectionId, model) => {
            if (await hasRoom(client, connectionId, model, { always: true }))
              await tryModel(services, connectionId, model);
            return undefined;
          },
        },
      );
    }),

    registerCommand(COMMANDS.refreshModels, async first => {
      const refresh = async (connectionId: string) => {
        await models.load(connectionId, true);
      };
      await aboutConnection(services, first, connectedOnly('Refresh Models'), {
        argument: refresh,
        interactive: refresh,
      });
    }),

    registerCommand(COMMANDS.startOllama, async first => {
      const start = async (connectionId: string) => {
        await startOllama(services, connectionId);
      };
      await aboutConnection(services, first, connectedOnly('Start Ollama'), { argument: start, interactive: start });
    }),
  );
}

async function pull(services: CommandServices, connectionId: string, model: string): Promise<void> {
  const { client } = services;
  const name = client.connection(connectionId)?.name ?? 'the Spark';
  await watchPull(client, { connectionId, model, title: `Pulling ${model} to ${name}` });
  vscode.window.setStatusBarMessage(`${model} is installed on ${name}`, SAID_FOR_MS);
}

async function askModelName(): Promise<string | undefined> {
  const entered = await vscode.window.showInputBox({
    title: 'Pull Model',
    prompt: 'As on ollama.com/library, such as llama3.1:8b, or hf.co/someone/something-GGUF',
    placeHolder: 'llama3.1:8b',
    ignoreFocusOut: true,
    validateInput: value => {
      const result = v.safeParse(modelNameSchema, value);
      return result.success || value === '' ? undefined : result.issues[0].message;
    },
  });
  if (entered === undefined || entered.trim() === '') return undefined;
  return checked(modelNameSchema, entered);
}

async function confirmDelete(
  { client, models }: CommandServices,
  connectionId: string,
  model: string,
): Promise<boolean> {
  const name = client.connection(connectionId)?.name ?? 'the Spark';
  const size = models.installed(connectionId, model)?.bytes;
  const button = 'Delete';
  const chosen = await vscode.window.showWarningMessage(
    withoutLinks(`Delete ${model} from ${name}?`),
    {
      modal: true,
      detail: `${size === undefined ? 'Its files are' : `${bytesText(size)} are`} removed from the Spark. To have it again it must be pulled again.`,
    },
    button,
  );
  return chosen === button;
}

async function tryModel({ client }: CommandServices, connectionId: string, model: string): Promise<string | undefined> {
  const prompt = await vscode.window.showInputBox({
    title: withoutIconsAndLinks(`Try ${model}`),
    prompt: 'The answer is streamed into an editor',
    placeHolder: 'Why is the sky blue?',
    ignoreFocusOut: true,
  });
  if (prompt === undefined || prompt.trim() === '') return undefined;
  if (!(await hasRoom(client, connectionId, model))) return undefined;
  return await withCancellableProgress(
    `${model} answers`,
    async signal => await askIntoEditor(client, { connectionId, model, prompt: prompt.trim() }, signal),
  );
}

/** Shows what is wrong with Ollama on a machine, and the command that helps. */
async function startOllama({ client, models }: CommandServices, connectionId: string): Promise<void> {
  const list = await models.load(connectionId, true);
  const connection = client.connection(connectionId);
  if (list.state === 'up' || !connection) {
    void vscode.window.showInformationMessage(
      `Ollama ${list.version ?? ''} runs on ${connection?.name ?? 'the Spark'}.`,
    );
    return;
  }
  const { message = 'Ollama does not answer.', hint = '' } = list.error ?? {};
  if (list.remedy === undefined) {
    void vscode.window.showWarningMessage(withoutLinks(`${message} ${hint}`));
    return;
  }
  const title = list.state === 'missing' ? 'Install Ollama' : 'Start Ollama';
  await offerCommand(connection, { title, reason: message, command: list.remedy });
}
