import type { Json, JsonObject } from '../../../chainFile/json.js';
import { mismatch } from '../../../chainFile/jsonSchema.js';
import type { CheckPlan } from './checkPlan.js';
import { TimeLimit } from './timeLimit.js';

/** How a check came out. */
export interface Verdict {
  readonly passed: boolean;
  /** Why it did not pass, as a sentence that a model can act on; or by how much it did. */
  readonly detail: string;
}

const PASSED: Verdict = { passed: true, detail: '' };
/** While this runs nothing else in the engine does. */
const LONGEST_MS = 100;

/** The checks that need no model. */
export class TextChecks {
  private readonly limit = new TimeLimit(LONGEST_MS);
  /** Checks that once took too long: they are not tried again. */
  private readonly slow = new WeakSet();

  /** @param texts the texts of the check itself, filled in */
  check({ check, kind }: CheckPlan, text: string, texts: readonly string[]): Verdict {
    const fold = (value: string) => (check.ignoreCase === true ? value.toLowerCase() : value);
    switch (kind) {
      case 'contains': {
        const missing = texts.filter(wanted => !fold(text).includes(fold(wanted)));
        return missing.length === 0 ? PASSED : failed(`It does not contain ${list(missing)}.`);
      }
      case 'notContains': {
        const found = texts.filter(unwanted => fold(text).includes(fold(unwanted)));
        return found.length === 0 ? PASSED : failed(`It contains ${list(found)}.`);
      }
      case 'equals': {
        const [wanted = ''] = texts;
        return fold(text).trim() === fold(wanted).trim() ? PASSED : failed(`It is not ${list([wanted])}.`);
      }
      case 'length':
        return checkLength(text, check.length ?? {});
      case 'matches': {
        const expression = new RegExp(check.matches ?? '', check.ignoreCase === true ? 'iu' : 'u');
        return this.within(
          check,
          () => expression.test(text),
          isMatch => (isMatch ? PASSED : failed(`It does not match the regular expression ${check.matches ?? ''}.`)),
        );
      }
      case 'schema':
        return this.meets(text, check.schema ?? {}, check);
      default:
        throw new Error(`The check ${kind} needs a model.`);
    }
  }

  /** Whether a text is JSON that meets a schema. */
  meets(text: string, schema: JsonObject, owner: object): Verdict {
    const json = readJson(text);
    if (json === undefined) return failed('It is not valid JSON.');
    return this.within(
      owner,
      () => mismatch(json, schema),
      complaint => (complaint === undefined ? PASSED : failed(`Its JSON does not meet the schema: ${complaint}.`)),
    );
  }

  private within<T>(owner: object, work: () => T, verdict: (result: T) => Verdict): Verdict {
    const result = this.slow.has(owner) ? undefined : this.limit.run(work);
    if (result) return verdict(result.value);
    this.slow.add(owner);
    return failed('The check takes too long: its regular expression can be made to run for ever.');
  }
}

/** The value of a text that is JSON; undefined where it is not. */
export function readJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function checkLength(
  text: string,
  { min, max, unit = 'characters' }: { min?: number; max?: number; unit?: string },
): Verdict {
  const length = measure(text, unit);
  if (min !== undefined && length < min) return failed(`It has ${length} ${unit}, but must have at least ${min}.`);
  if (max !== undefined && length > max) return failed(`It has ${length} ${unit}, but must have at most ${max}.`);
  return { passed: true, detail: `${length} ${unit}` };
}

function measure(text: string, unit: string): number {
  const trimmed = text.trim();
  if (unit === 'words') return trimmed === '' ? 0 : trimmed.split(/\s+/u).length;
  if (unit === 'lines') return trimmed === '' ? 0 : trimmed.split('\n').length;
  // as a reader counts them, as far as that is cheap: an emoji of two halves is one
  return Array.from(trimmed).length;
}

function failed(detail: string): Verdict {
  return { passed: false, detail };
}

function list(texts: readonly string[]): string {
  return texts.map(text => `"${text.length > 200 ? `${text.slice(0, 200)}…` : text}"`).join(', ');
}
