import { randomUUID } from 'node:crypto';
import type * as v from 'valibot';
import type { ChatEnd, ChatMessage, ChatPart, ChatTool, chatRequestSchema } from '../../shared/ollama.js';
import { SparkError } from '../../shared/errors.js';
import type { ChatLine } from './answers.js';

/** A chat as it arrives, checked. */
export type Chat = v.InferOutput<typeof chatRequestSchema>;

/** Nobody reads an answer that long; a server that does not end it must not fill our memory. */
const MAX_ANSWER_CHARACTERS = 64 * 1024 * 1024;

/** The body of `/api/chat`. */
export function chatBody(chat: Chat, contextTokens: number): Record<string, unknown> {
  return {
    model: chat.model,
    messages: chat.messages.map(toMessage),
    ...(chat.tools.length === 0 ? {} : { tools: chat.tools.map(toTool) }),
    stream: true,
    options: { ...chat.options, num_ctx: contextTokens },
  };
}

/** Tells the parts of an answer as they come; resolves with how it ended. */
export async function followChat(lines: AsyncIterable<ChatLine>, onPart: (part: ChatPart) => void): Promise<ChatEnd> {
  let end: ChatEnd = { reason: 'stop', promptTokens: null, answerTokens: null };
  let length = 0;
  for await (const { message, done, done_reason, prompt_eval_count, eval_count } of lines) {
    const { thinking, content, tool_calls } = message ?? {};
    length += (thinking?.length ?? 0) + (content?.length ?? 0);
    if (length > MAX_ANSWER_CHARACTERS)
      throw new SparkError({ code: 'ollamaFailed', message: 'The answer has no end.', hint: 'Try another model.' });
    if (thinking) onPart({ kind: 'thinking', text: thinking });
    if (content) onPart({ kind: 'text', text: content });
    for (const { id, function: called } of tool_calls ?? [])
      onPart({ kind: 'toolCall', call: { id: id ?? randomUUID(), name: called.name, arguments: called.arguments } });
    if (done)
      end = {
        reason: done_reason ?? 'stop',
        promptTokens: prompt_eval_count ?? null,
        answerTokens: eval_count ?? null,
      };
  }
  return end;
}

function toMessage({ role, content, images, toolCalls, toolName }: ChatMessage): Record<string, unknown> {
  return {
    role,
    content,
    ...(images && images.length > 0 ? { images } : {}),
    ...(toolCalls && toolCalls.length > 0
      ? { tool_calls: toolCalls.map(call => ({ function: { name: call.name, arguments: call.arguments } })) }
      : {}),
    ...(toolName === undefined ? {} : { tool_name: toolName }),
  };
}

function toTool({ name, description, parameters }: ChatTool): Record<string, unknown> {
  return { type: 'function', function: { name, description, parameters } };
}
