import { placesOf, valueFor, type Place } from './presets.js';

/** Settings of other extensions, as the editor knows them. */
export interface SettingsAccess {
  /** Undefined where no extension that is installed declares it. */
  inspect(key: string): { readonly own: unknown; readonly initial: unknown } | undefined;
  /** @param value undefined takes the user's value away */
  write(key: string, value: unknown): Promise<void>;
}

/** What must outlive the window. */
export interface PublishedRecord {
  /** Keys to which the user said yes. */
  readonly confirmed: readonly string[];
  /** What is published now, with the user's own value; left out where there was none. */
  readonly published: Readonly<Record<string, { readonly own?: unknown; readonly wrote: unknown }>>;
  /** What was ever written to a key: none of these is the user's own value. */
  readonly written: Readonly<Record<string, readonly unknown[]>>;
}
export const NOTHING_PUBLISHED: PublishedRecord = { confirmed: [], published: {}, written: {} };

const MOST_REMEMBERED = 30;

export interface ForeignSettingsOptions {
  readonly settings: SettingsAccess;
  readonly memory: { read(): PublishedRecord; write(record: PublishedRecord): Promise<void> };
  /** Asks whether a setting may be written; false also when the user does not answer. */
  readonly confirm: (key: string, value: string | number) => Promise<boolean>;
  readonly log: (message: string) => void;
}

/**
 * Keeps settings of other extensions at the endpoint, and gives back what was the user's. What is to be put back is saved
 * before anything is written; a value that we wrote is never taken for the user's own; a setting that the user changes
 * meanwhile is theirs again.
 */
export class ForeignSettings {
  /** Refused, or taken back by the user: left alone until the endpoint has been local. */
  private readonly handsOff = new Set<string>();
  /** What makes no sense in the user's list is told once. */
  private readonly told = new Set<string>();
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly options: ForeignSettingsOptions) {}

  get hasPublished(): boolean {
    return Object.keys(this.options.memory.read().published).length > 0;
  }

  /** Brings all settings in line, one call after the other. @param endpoint null while it leads to this computer */
  async follow(endpoint: string | null, publishTo: unknown): Promise<void> {
    this.last = this.last.then(async () => {
      try {
        await this.bringInLine(endpoint, publishTo);
      } catch (error) {
        this.options.log(`Settings of other extensions could not be written: ${String(error)}`);
      }
    });
    await this.last;
  }

  private async bringInLine(endpoint: string | null, publishTo: unknown): Promise<void> {
    const { places, wrong } = placesOf(publishTo);
    for (const item of wrong)
      if (!this.told.has(item)) {
        this.told.add(item);
        this.options.log(`dgxSpark.ollama.publishTo: ${item} is nothing that can be published to.`);
      }
    const wanted = endpoint === null ? [] : places;
    for (const key of Object.keys(this.options.memory.read().published))
      if (!wanted.some(({ setting }) => setting === key)) await this.restore(key);
    if (endpoint === null) {
      this.handsOff.clear();
      return;
    }
    for (const place of wanted)
      try {
        await this.publish(place, endpoint);
      } catch (error) {
        // one that cannot be written does not keep the others from following
        this.handsOff.add(place.setting);
        this.options.log(`${place.setting} could not be written: ${String(error)}`);
      }
  }

  private async publish(place: Place, endpoint: string): Promise<void> {
    const { settings, memory, confirm } = this.options;
    const { setting: key } = place;
    const found = settings.inspect(key);
    if (!found || this.handsOff.has(key)) return;
    const value = valueFor(place, endpoint, found.initial);
    const before = memory.read().published[key];
    if (before && !same(found.own, before.wrote)) {
      // the user has changed it meanwhile
      this.handsOff.add(key);
      await this.forget(key);
      return;
    }
    if (same(found.own, value)) return;
    if (!memory.read().confirmed.includes(key)) {
      if (!(await confirm(key, value))) {
        this.handsOff.add(key);
        return;
      }
      await this.save({ confirmed: [...memory.read().confirmed, key] });
    }
    const { published, written } = memory.read();
    const ours = written[key] ?? [];
    const isUsers = found.own !== undefined && !ours.some(one => same(one, found.own));
    const entry = before ? { ...before, wrote: value } : { ...(isUsers ? { own: found.own } : {}), wrote: value };
    await this.save({
      published: { ...published, [key]: entry },
      written: { ...written, [key]: [...ours.filter(one => !same(one, value)), value].slice(-MOST_REMEMBERED) },
    });
    await settings.write(key, value);
  }

  private async restore(key: string): Promise<void> {
    const { settings, memory } = this.options;
    const entry = memory.read().published[key];
    const found = settings.inspect(key);
    // an extension that is gone may come back, and its setting is still in the file
    if (entry && found && same(found.own, entry.wrote)) await settings.write(key, entry.own);
    if (found) await this.forget(key);
  }

  private async forget(key: string): Promise<void> {
    const published = Object.entries(this.options.memory.read().published).filter(([known]) => known !== key);
    await this.save({ published: Object.fromEntries(published) });
  }

  private async save(changes: Partial<PublishedRecord>): Promise<void> {
    const { memory } = this.options;
    await memory.write({ ...memory.read(), ...changes });
  }
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
