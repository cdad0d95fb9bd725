import type { Page } from 'playwright-core';

/** How long the workbench may take for something that a user would wait for. */
export const DEFAULT_LIMIT_MS = 30_000;
const PAUSE_MS = 50;

/** A text to look for: a string matches the whole of it, an expression any part. */
export type Match = string | RegExp;

/**
 * Asks again until `ask` answers something truthy, and gives that back. A question that throws (an element that is
 * being redrawn) counts as not yet.
 * @param what named in the error when the limit passes, with the last answer
 */
export async function poll<T>(
  page: Page,
  ask: () => Promise<T | false | null | undefined>,
  what: string,
  limitMs = DEFAULT_LIMIT_MS,
): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    let last: unknown;
    try {
      const answer = await ask();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      const reason = last instanceof Error ? last.message : String(last);
      throw new Error(`Waited ${limitMs / 1000} s for ${what}; last: ${reason}`);
    }
    await page.waitForTimeout(PAUSE_MS);
  }
}

/** The expression that finds exactly this text, spaces around it aside. */
export function whole(text: Match): RegExp {
  return text instanceof RegExp ? text : new RegExp(`^\\s*${escapeExpression(text)}\\s*$`);
}

/** The expression that finds a label that begins with this text: VS Code appends key bindings and states to labels. */
export function labelled(text: Match): RegExp {
  return text instanceof RegExp ? text : new RegExp(`^\\s*${escapeExpression(text)}(?=$|[\\s,:.\\u00a0])`, 'i');
}

/** Whether a text contains the match, without regard to case for plain strings. */
export function contains(text: string, match: Match): boolean {
  return match instanceof RegExp ? match.test(text) : text.toLowerCase().includes(match.toLowerCase());
}

/** A CSS attribute selector's quoted value. */
export function cssString(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function escapeExpression(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
