import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../../src/engine/base/clock.js';
import type { Store } from '../../../src/engine/store/types.js';
import { Place } from './support.js';

/** Where every change is tested, fewer do. */
const KILLS = process.env['CI'] ? 8 : 24;

/** What a writer said before it was killed. */
class Said {
  readonly names = new Map<string, string | undefined>();
  readonly deleted = new Set<string>();
  readonly measured = new Map<string, number>();
  /** Connections that a writer worked on when it was killed: they may have been deleted just before the word of it came out. */
  readonly underWay = new Set<string>();

  hear(line: string): void {
    const [verb, id = '', ...rest] = line.split(' ');
    if (verb === 'created') this.names.set(id, undefined);
    if (verb === 'changed') this.names.set(id, rest.join(' '));
    if (verb === 'measured') this.measured.set(id, Number(rest[0]));
    if (verb === 'deleted') this.deleted.add(id);
  }

  check(store: Store): void {
    const saved = new Map(store.connections.list().map(each => [each.id, each]));
    for (const [id, name] of this.names) {
      if (this.deleted.has(id)) {
        assert.equal(saved.has(id), false, `${id} was deleted`);
        continue;
      }
      if (this.underWay.has(id) && !saved.has(id)) continue;
      assert.ok(saved.has(id), `${id} was created`);
      if (name !== undefined) assert.equal(saved.get(id)?.name, name);
      assert.ok(store.metrics.history(id, 24).length >= (this.measured.get(id) ?? 0), `measurements of ${id}`);
    }
  }
}

/** Runs a writer until it has said `lines` lines and kills it in the midst of what it does then. */
async function runAndKill(folder: string, lines: number, said: Said): Promise<void> {
  const child = spawn(process.execPath, [join(__dirname, 'writer.process.js'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let heard = 0;
  let last: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    said.hear(line);
    last = line.split(' ')[1] ?? last;
    heard += 1;
    if (heard === lines) child.kill('SIGKILL');
  }
  const [, signal] = (await exited) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL');
  if (last !== undefined) said.underWay.add(last);
}

describe('a writer that is killed', () => {
  let place: Place;
  beforeEach(() => {
    place = new Place();
  });
  afterEach(() => place.remove());

  it(`${KILLS} times leaves a valid file and everything that it said was saved`, async function () {
    this.timeout(300_000);
    const said = new Said();
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await runAndKill(place.folder, 1 + Math.floor(Math.random() * 25), said);
      if (existsSync(place.database))
        assert.equal(place.query('PRAGMA integrity_check; PRAGMA foreign_key_check'), 'ok');
      // every third time the next writer finds what this one left
      if (kill % 3 === 0) continue;
      const store = await place.open({ clock: systemClock });
      said.check(store);
      assert.deepEqual(store.notices, []);
      // now it is settled what became of the rest
      for (const id of said.underWay) if (!store.connections.list().some(each => each.id === id)) said.deleted.add(id);
      said.underWay.clear();
      await store.close();
      assert.equal(place.query('PRAGMA integrity_check'), 'ok');
    }
  });
});
