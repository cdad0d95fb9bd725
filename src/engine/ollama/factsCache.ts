import { SparkError } from '../../shared/errors.js';
import type { Show, Tag } from './answers.js';
import { factsOf, type ModelFacts, NO_FACTS } from './modelFacts.js';

/** Each is a request: so many at once, so that a machine with many models is not flooded. */
const AT_ONCE = 4;
const MOST_KEPT = 2000;

/** What is known of models, by digest: a digest stands for one model for ever, so each is asked about once. */
export class FactsCache {
  private readonly known = new Map<string, ModelFacts>();

  of(digest: string): ModelFacts {
    return this.known.get(digest) ?? NO_FACTS;
  }

  /** Asks about those that are not known yet. One that cannot be asked about stays unknown; a link that is lost is passed on. */
  async learn(tags: readonly Tag[], show: (name: string) => Promise<Show>): Promise<void> {
    const unknown = tags.filter(({ digest }) => digest !== '' && !this.known.has(digest));
    if (this.known.size + unknown.length > MOST_KEPT) this.known.clear();
    const next = unknown.values();
    const work = async () => {
      for (const { name, digest } of next)
        try {
          this.known.set(digest, factsOf(await show(name)));
        } catch (error) {
          if (!SparkError.is(error, 'modelNotFound') && !SparkError.is(error, 'ollamaFailed')) throw error;
        }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, unknown.length) }, work));
  }
}
