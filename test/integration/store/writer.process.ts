import { writeSync } from 'node:fs';
import { nullLogger } from '../../../src/engine/base/logger.js';
import { openStore } from '../../../src/engine/store/openStore.js';
import { sample, SPARK } from './support.js';

/** Changes the database in the folder of the first argument until it is killed; prints each change that was acknowledged. */
async function main(folder: string): Promise<void> {
  const store = await openStore({ folder, log: nullLogger });
  const say = (...words: (string | number)[]) => writeSync(1, `${words.join(' ')}\n`);
  say('open');
  for (let count = 0; ; count += 1) {
    const { id } = await store.connections.create({ ...SPARK, name: `number ${count}` });
    say('created', id);
    const at = Date.now();
    for (let step = 0; step < 5; step += 1) store.metrics.save(sample(id, at + step));
    await store.connections.update(id, { name: `changed ${count}` });
    say('changed', id, `changed ${count}`);
    say('measured', id, 5);
    await store.connections.setActive(id);
    say('active', id);
    if (count % 3 === 2) {
      await store.connections.delete(id);
      say('deleted', id);
    }
  }
}

void main(process.argv[2] ?? '');
