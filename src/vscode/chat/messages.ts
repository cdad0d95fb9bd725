import type { ChatMessage, ChatTool } from '../../shared/ollama.js';

/** A part of a message, told apart by what it has: editors of different ages have different classes. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'image'; readonly base64: string }
  | { readonly kind: 'call'; readonly id: string; readonly name: string; readonly input: Record<string, unknown> }
  | { readonly kind: 'result'; readonly id: string; readonly text: string };

/** Reads a part of a message of the editor; undefined for what no Ollama model can take. */
export function readPart(part: unknown): Part | undefined {
  if (typeof part !== 'object' || part === null) return undefined;
  const fields = part as Record<string, unknown>;
  if (typeof fields['callId'] === 'string') {
    const id = fields['callId'];
    if (typeof fields['name'] === 'string')
      return { kind: 'call', id, name: fields['name'], input: (fields['input'] ?? {}) as Record<string, unknown> };
    const content = Array.isArray(fields['content']) ? fields['content'] : [];
    return { kind: 'result', id, text: content.map(textOf).join('') };
  }
  if (typeof fields['value'] === 'string') return { kind: 'text', text: fields['value'] };
  const { mimeType, data } = fields;
  if (typeof mimeType !== 'string' || !(data instanceof Uint8Array)) return undefined;
  if (mimeType.startsWith('image/')) return { kind: 'image', base64: Buffer.from(data).toString('base64') };
  return /^(text\/|application\/(json|vnd\.code\.))/.test(mimeType)
    ? { kind: 'text', text: Buffer.from(data).toString('utf8') }
    : undefined;
}

function textOf(part: unknown): string {
  const read = readPart(part);
  if (read?.kind === 'text') return read.text;
  return typeof part === 'string' ? part : read === undefined ? JSON.stringify(part) : '';
}

/**
 * The messages of the editor as Ollama takes them. One message of the editor may hold a text and the results of several
 * tools; for Ollama each result is a message of its own, named after the tool.
 * @param role `user`, `assistant` or `system` of each message
 */
export function toChatMessages(
  messages: readonly { readonly role: 'user' | 'assistant' | 'system'; readonly parts: readonly Part[] }[],
): ChatMessage[] {
  const names = new Map<string, string>();
  return messages.flatMap(({ role, parts }): ChatMessage[] => {
    const content = parts.flatMap(part => (part.kind === 'text' ? [part.text] : [])).join('');
    const images = parts.flatMap(part => (part.kind === 'image' ? [part.base64] : []));
    const toolCalls = parts.flatMap(part =>
      part.kind === 'call' ? [{ id: part.id, name: part.name, arguments: part.input }] : [],
    );
    for (const { id, name } of toolCalls) names.set(id, name);
    const results = parts.flatMap((part): ChatMessage[] =>
      part.kind === 'result' ? [{ role: 'tool', content: part.text, toolName: names.get(part.id) ?? part.id }] : [],
    );
    const isEmpty = content === '' && images.length === 0 && toolCalls.length === 0;
    const own: ChatMessage = {
      role,
      content,
      ...(images.length > 0 ? { images } : {}),
      ...(toolCalls.length > 0 ? { toolCalls } : {}),
    };
    return [...results, ...(isEmpty && results.length > 0 ? [] : [own])];
  });
}

export function toTools(
  tools: readonly { readonly name: string; readonly description: string; readonly inputSchema?: object }[],
): ChatTool[] {
  return tools.map(({ name, description, inputSchema }) => ({
    name,
    description,
    parameters: { type: 'object', properties: {}, ...inputSchema },
  }));
}

/** English has about four characters a token, code about three, other scripts one or two; each message costs a few more. */
const CHARACTERS_PER_TOKEN = 3.5;
const TOKENS_PER_MESSAGE = 4;
/** What vision models take for an image of the size in which editors send them. */
const TOKENS_PER_IMAGE = 1200;

/** How many tokens something takes, about: the model's own tokenizer is on the Spark, and asking it loads the model. */
export function estimateTokens(parts: readonly Part[]): number {
  let tokens = TOKENS_PER_MESSAGE;
  for (const part of parts)
    switch (part.kind) {
      case 'text':
      case 'result':
        tokens += textTokens(part.text);
        break;
      case 'call':
        tokens += textTokens(part.name + JSON.stringify(part.input));
        break;
      case 'image':
        tokens += TOKENS_PER_IMAGE;
    }
  return tokens;
}

export function textTokens(text: string): number {
  // characters beyond Latin scripts are about a token each
  const wide = (text.match(/[\u0400-\uffff]/g) ?? []).length;
  return Math.ceil((text.length - wide) / CHARACTERS_PER_TOKEN + wide);
}
