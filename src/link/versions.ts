import { CONTRACT_VERSION, DATABASE_VERSION } from '../shared/contract.js';
import { SparkError } from '../shared/errors.js';
import type { Intent, Versions } from './handshake.js';

/** The versions of this build. */
export function versionsOf(extensionVersion: string): Versions {
  return { contract: CONTRACT_VERSION, database: DATABASE_VERSION, extension: extensionVersion };
}

/**
 * What a window does with a running engine: a newer window asks an older engine to finish and takes over; an older one
 * never replaces a newer engine. Throws `engineOutdated` when the two cannot talk and the window is the older.
 */
export function decideIntent(window: Versions, engine: Versions): Intent['intent'] {
  const order =
    window.contract - engine.contract ||
    window.database - engine.database ||
    compareReleases(window.extension, engine.extension);
  if (order > 0) return 'takeOver';
  if (window.contract === engine.contract) return 'attach';
  throw new SparkError({
    code: 'engineOutdated',
    message: 'Another window of this editor runs a newer version of DGX Spark.',
    hint: 'Reload this window to use the newer version here too.',
  });
}

/** Negative, zero or positive as release `a` is older than, the same as or newer than `b`; a suffix after `-` is ignored. */
export function compareReleases(a: string, b: string): number {
  const parts = (text: string) => (text.split('-')[0] ?? '').split('.').map(part => Number.parseInt(part, 10) || 0);
  const [left, right] = [parts(a), parts(b)];
  for (let index = 0; index < 3; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
