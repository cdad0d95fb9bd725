import { SparkError } from '../../shared/errors.js';
import type { Logger } from '../base/logger.js';
import { Secret } from '../base/secret.js';
import type { Window, Windows } from './windows.js';

/** Secrets that outlive the engine, in the editor's SecretStorage. */
export interface Keychain {
  /** Undefined also where the keychain cannot be read: the user is asked then. */
  get(key: string): Promise<Secret | undefined>;
  /** Never rejects: what cannot be kept is asked for again, and keeps nobody from working. */
  store(key: string, secret: Secret): Promise<void>;
  /** Rejects when the keychain may still have it. */
  delete(key: string): Promise<void>;
}

/**
 * Reaches SecretStorage through the attached windows. They all stand before the same storage, but a window may not see
 * what another stored a moment ago, so reading asks one after the other, and deleting tells all.
 */
export function keychainOf(windows: Pick<Windows, 'all'>, log: Logger): Keychain {
  /** The first answer that is one; what windows fail with is logged and, where none succeeded, told. */
  async function each<T>(action: (window: Window) => Promise<T | undefined>) {
    let problem = 'no window is open to reach it';
    let reached = false;
    for (const window of [...windows.all]) {
      try {
        const result = await action(window);
        reached = true;
        if (result !== undefined) return { result, reached, problem };
      } catch (error) {
        problem = SparkError.toInfo(error).message;
        log.warn(`The keychain could not be reached through a window: ${problem}`);
      }
    }
    return { result: undefined, reached, problem };
  }
  return {
    async get(key) {
      const { result } = await each(async window => {
        return (await window.peer.request('secrets/get', { key })) ?? undefined;
      });
      return result === undefined ? undefined : new Secret(result);
    },
    async store(key, secret) {
      await each(async window => {
        await window.peer.request('secrets/store', { key, value: secret.reveal() });
        return true;
      });
    },
    async delete(key) {
      const { reached, problem } = await each(async window => {
        await window.peer.request('secrets/delete', { key });
        return undefined;
      });
      if (reached) return;
      throw new SparkError({
        code: 'internal',
        message: `The stored secret could not be removed from the keychain: ${problem}`,
        hint: 'Unlock the keychain of this computer and try again.',
      });
    },
  };
}
