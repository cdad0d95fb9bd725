import { inspect } from 'node:util';

/**
 * A password or passphrase in the engine's memory. Printing, logging or serialising one gives `***`; the text comes
 * out by `reveal` alone, which is therefore easy to search for.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [inspect.custom](): string {
    return '***';
  }
}
