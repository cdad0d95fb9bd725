import * as vscode from 'vscode';
import type { ConnectionView } from '../../shared/connection.js';
import { SparkError } from '../../shared/errors.js';
import type { ChatPart, InstalledModel } from '../../shared/ollama.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import { hasRoom } from '../models/memoryCheck.js';
import type { ModelBook } from '../models/modelBook.js';
import { FIT_WORDS, modelFacts, needsText } from '../models/modelWords.js';
import { sentences } from '../wording.js';
import { estimateTokens, readPart, textTokens, toChatMessages, toTools, type Part } from './messages.js';
import {
  registerChatProvider,
  type ChatModelInformation,
  type ChatProvider,
  type ChatRequestMessage,
  type ChatResponseOptions,
} from './providerApi.js';

export const CHAT_VENDOR = 'dgx-spark';
/** What a model may answer at most, of the context that question and answer share. */
const MOST_OUTPUT_TOKENS = 16_384;
const USUAL_CONTEXT = 32_768;
/** Not in the types of the oldest editor: the role of instructions. */
const SYSTEM_ROLE = 3;

interface SparkModel extends ChatModelInformation {
  readonly connectionId: string;
  readonly model: string;
}

/** Offers the models of all connected Sparks to the chat of the editor, where the editor can take them. */
export function registerSparkChat(client: EngineClient, models: ModelBook): Disposable {
  const provider = new SparkChatProvider(client, models);
  const registered = registerChatProvider(vscode.lm, CHAT_VENDOR, provider);
  return registered ? together(provider, registered) : provider;
}

class SparkChatProvider implements ChatProvider<SparkModel>, Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly held: Disposable;
  private offered = '';

  readonly onDidChangeLanguageModelChatInformation = this.changed.event;

  constructor(
    private readonly client: EngineClient,
    private readonly models: ModelBook,
  ) {
    const look = () => {
      const now = JSON.stringify(this.known());
      if (now === this.offered) return;
      this.offered = now;
      this.changed.fire();
    };
    this.held = together(this.changed, client.onDidChange(look), models.onDidChange(look));
  }

  dispose(): void {
    this.held.dispose();
  }

  async provideLanguageModelChatInformation(): Promise<SparkModel[]> {
    const live = this.client.snapshot.connections.filter(({ status }) => status.state === 'connected');
    const several = live.length > 1;
    const lists = await Promise.all(
      live.map(async connection => {
        // the list says what is there; why a machine has none is said in the tree
        const list = await this.models.load(connection.id).catch(() => undefined);
        return (list?.installed ?? []).filter(canChat).map(model => informationOf(connection, model, several));
      }),
    );
    return lists.flat();
  }

  async provideLanguageModelChatResponse(
    { connectionId, model }: SparkModel,
    messages: readonly ChatRequestMessage[],
    { tools = [], modelOptions = {} }: ChatResponseOptions,
    progress: vscode.Progress<unknown>,
    token: vscode.CancellationToken,
  ): Promise<void> {
    const read = messages.map(message => ({ role: roleOf(message), parts: partsOf(message) }));
    const offered = toTools(tools);
    const tokens =
      read.reduce((sum, { parts }) => sum + estimateTokens(parts), 0) +
      (offered.length > 0 ? textTokens(JSON.stringify(offered)) : 0);
    const contextTokens = tokens + Math.min(MOST_OUTPUT_TOKENS, tokens);
    const stop = new AbortController();
    const listening = token.onCancellationRequested(() => {
      stop.abort();
    });
    try {
      if (
        !this.models.loaded(connectionId, model) &&
        !(await hasRoom(this.client, connectionId, model, { contextTokens }))
      )
        throw new SparkError({
          code: 'notEnoughMemory',
          message: `${model} was not loaded: there is not enough memory for it.`,
          hint: 'Unload another model or stop what holds the memory, then ask again.',
        });
      const request = { connectionId, model, messages: toChatMessages(read), tools: offered, contextTokens };
      await this.client.chat(
        { ...request, options: plainOptions(modelOptions) },
        part => {
          const reported = responsePart(part);
          if (reported !== undefined) progress.report(reported);
        },
        stop.signal,
      );
    } catch (error) {
      if (token.isCancellationRequested) throw new vscode.CancellationError();
      throw toModelError(error);
    } finally {
      listening.dispose();
    }
  }

  async provideTokenCount(_model: SparkModel, text: string | ChatRequestMessage): Promise<number> {
    return await Promise.resolve(typeof text === 'string' ? textTokens(text) : estimateTokens(partsOf(text)));
  }

  /** What decides whether the list is another one. */
  private known(): unknown {
    return this.client.snapshot.connections
      .filter(({ status }) => status.state === 'connected')
      .map(({ id, name }) => {
        const page = this.models.page(id);
        return [
          id,
          name,
          page?.state === 'known' ? page.list.installed.map(({ name: model, fit }) => [model, fit]) : null,
        ];
      });
  }
}

function canChat({ capabilities }: InstalledModel): boolean {
  return capabilities.length === 0 || capabilities.includes('completion');
}

function informationOf(connection: ConnectionView, model: InstalledModel, several: boolean): SparkModel {
  const context = model.contextLength ?? USUAL_CONTEXT;
  const output = Math.min(MOST_OUTPUT_TOKENS, Math.floor(context / 2));
  const fit = FIT_WORDS[model.fit];
  return {
    id: `${connection.id}/${model.name}`,
    name: fit === undefined ? model.name : `${model.name} (${fit})`,
    family: model.family ?? 'ollama',
    version: model.digest.slice(0, 12),
    detail: several ? connection.name : 'DGX Spark',
    tooltip: [
      `${model.name} on ${connection.name}`,
      modelFacts(model).join(' · '),
      `needs ${needsText(model.needs)}${fit === undefined ? '' : `: ${fit}`}`,
    ].join('\n'),
    maxInputTokens: context - output,
    maxOutputTokens: output,
    capabilities: {
      imageInput: model.capabilities.includes('vision'),
      toolCalling: model.capabilities.includes('tools'),
    },
    isUserSelectable: true,
    connectionId: connection.id,
    model: model.name,
  };
}

function roleOf({ role }: { readonly role: number }): 'user' | 'assistant' | 'system' {
  if (role === (vscode.LanguageModelChatMessageRole.Assistant as number)) return 'assistant';
  return role === SYSTEM_ROLE ? 'system' : 'user';
}

function partsOf({ content }: ChatRequestMessage): Part[] {
  return content.map(readPart).filter(part => part !== undefined);
}

/** Thinking is shown by editors that know a part for it. */
function responsePart(part: ChatPart): unknown {
  switch (part.kind) {
    case 'text':
      return new vscode.LanguageModelTextPart(part.text);
    case 'toolCall':
      return new vscode.LanguageModelToolCallPart(part.call.id, part.call.name, part.call.arguments);
    case 'thinking':
      return undefined;
  }
}

function plainOptions(options: Readonly<Record<string, unknown>>): Record<string, number | boolean | string> {
  return Object.fromEntries(
    Object.entries(options).filter(
      (entry): entry is [string, number | boolean | string] =>
        /^[a-z_]{1,40}$/.test(entry[0]) && ['number', 'boolean', 'string'].includes(typeof entry[1]),
    ),
  );
}

/** An error that says what to do, in the words that the chat shows. */
function toModelError(error: unknown): Error {
  const info = SparkError.toInfo(error);
  const message = sentences(info);
  return info.code === 'modelNotFound'
    ? vscode.LanguageModelError.NotFound(message)
    : new vscode.LanguageModelError(message);
}
