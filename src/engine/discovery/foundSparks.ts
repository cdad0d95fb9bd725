import { mergeAddresses } from './addresses.js';
import { compareFound, type FoundSpark, readAnswer } from './foundSpark.js';

/** More than any network has; what comes after is somebody's joke. */
const MOST_FOUND = 256;

/** Collects answers: a machine that answers on several interfaces, or several times, is one. */
export class FoundSparks {
  private readonly byHost = new Map<string, FoundSpark>();

  /** @param onFound told of each machine at once, and again when another address of it becomes known */
  constructor(private readonly onFound: (spark: FoundSpark) => void) {}

  /** @param answer a service as the network describes it; nothing is expected of it */
  add(answer: unknown): void {
    const spark = readAnswer(answer);
    if (spark === undefined) return;
    const key = `${spark.hostname}:${spark.port}`;
    const known = this.byHost.get(key);
    if (known === undefined && this.byHost.size >= MOST_FOUND) return;
    const merged = { ...(known ?? spark), addresses: mergeAddresses(known?.addresses ?? [], spark.addresses) };
    if (known?.addresses.length === merged.addresses.length) return;
    this.byHost.set(key, merged);
    this.onFound(merged);
  }

  get sorted(): FoundSpark[] {
    return [...this.byHost.values()].sort(compareFound);
  }
}
