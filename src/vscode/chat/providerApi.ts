import type * as vscode from 'vscode';

/*
 * The language model chat provider API of VS Code 1.104 and newer. The types of this extension are those of the oldest
 * editor that it runs in, so what is used of the API is written down here; whether it is there is found out at run time.
 */

export interface ChatModelInformation {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly version: string;
  readonly detail?: string;
  readonly tooltip?: string;
  readonly maxInputTokens: number;
  readonly maxOutputTokens: number;
  readonly capabilities: { readonly imageInput: boolean; readonly toolCalling: boolean };
  /** Not yet part of the stable API: editors that know it put the model into the picker. */
  readonly isUserSelectable?: boolean;
}

export interface ChatRequestMessage {
  readonly role: vscode.LanguageModelChatMessageRole;
  readonly content: readonly unknown[];
  readonly name?: string;
}

export interface ChatResponseOptions {
  readonly tools?: readonly { readonly name: string; readonly description: string; readonly inputSchema?: object }[];
  readonly toolMode?: vscode.LanguageModelChatToolMode;
  readonly modelOptions?: Readonly<Record<string, unknown>>;
}

export interface ChatProvider<T extends ChatModelInformation> {
  readonly onDidChangeLanguageModelChatInformation?: vscode.Event<void>;
  provideLanguageModelChatInformation(
    options: { readonly silent: boolean },
    token: vscode.CancellationToken,
  ): vscode.ProviderResult<T[]>;
  provideLanguageModelChatResponse(
    model: T,
    messages: readonly ChatRequestMessage[],
    options: ChatResponseOptions,
    progress: vscode.Progress<unknown>,
    token: vscode.CancellationToken,
  ): Promise<void>;
  provideTokenCount(model: T, text: string | ChatRequestMessage, token: vscode.CancellationToken): Promise<number>;
}

/** Registers a provider where the editor can; undefined where it is too old. */
export function registerChatProvider<T extends ChatModelInformation>(
  languageModels: unknown,
  vendor: string,
  provider: ChatProvider<T>,
): vscode.Disposable | undefined {
  const { registerLanguageModelChatProvider: register } = (languageModels ?? {}) as {
    registerLanguageModelChatProvider?: (vendor: string, provider: ChatProvider<T>) => vscode.Disposable;
  };
  return register?.(vendor, provider);
}
