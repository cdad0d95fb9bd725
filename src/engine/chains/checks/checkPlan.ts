import {
  BEST_SCORE,
  type Check,
  type CheckKind,
  DEFAULT_SCORE,
  DEFAULT_SIMILARITY,
  kindOf,
} from '../../../chainFile/chain.js';
import { parseTemplate, type Template } from '../../../chainFile/template.js';

/** A check, ready to be made: its templates taken apart, its words at hand. */
export interface CheckPlan {
  readonly kind: CheckKind;
  readonly check: Check;
  /** What is checked. */
  readonly of: Template;
  /** Texts of the check itself, in the order of the file. */
  readonly texts: readonly Template[];
  /** The check in words, for people. */
  readonly words: string;
}

/** Prepares a check. */
export function planCheck(check: Check): CheckPlan {
  const kind = kindOf(check);
  return {
    ...{ kind, check },
    of: parseTemplate(check.of ?? '{{output}}'),
    texts: textsOf(check).map(parseTemplate),
    words: [inWords(check, kind), ...(check.of === undefined ? [] : [`of ${check.of}`])].join(', '),
  };
}

function textsOf({ contains, notContains, equals, similar, judge }: Check): string[] {
  const wanted =
    contains ?? notContains ?? (equals === undefined ? undefined : String(equals)) ?? similar?.to ?? judge?.prompt;
  if (wanted === undefined) return [];
  return typeof wanted === 'string' ? [wanted] : [...wanted];
}

function inWords(check: Check, kind: CheckKind): string {
  switch (kind) {
    case 'contains':
      return `contains ${quoted(check.contains)}`;
    case 'notContains':
      return `does not contain ${quoted(check.notContains)}`;
    case 'matches':
      return `matches /${short(check.matches ?? '')}/`;
    case 'length':
      return `length ${bounds(check.length ?? {})}`;
    case 'schema':
      return 'meets its JSON schema';
    case 'equals':
      return `equals ${quoted(String(check.equals))}`;
    case 'similar':
      return `similar to ${quoted(check.similar?.to)}, at least ${check.similar?.threshold ?? DEFAULT_SIMILARITY}`;
    case 'judge':
      return `judged at least ${check.judge?.threshold ?? DEFAULT_SCORE} of ${BEST_SCORE}`;
  }
}

function quoted(texts: string | readonly string[] | undefined): string {
  const list = typeof texts === 'string' ? [texts] : (texts ?? []);
  return list.map(text => `"${short(text)}"`).join(', ');
}

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function bounds({ min, max, unit = 'characters' }: NonNullable<Check['length']>): string {
  if (min === undefined) return `at most ${max ?? 0} ${unit}`;
  return max === undefined ? `at least ${min} ${unit}` : `${min} to ${max} ${unit}`;
}
