import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { newStorage } from '../../support/window.js';

const CLIENTS = 8;
/** Each costs the start of an engine; where every change is tested, fewer do. */
const ROUNDS = process.env['CI'] ? 5 : 200;

describe('starting the engine', () => {
  let clients: ChildProcess[];

  before(() => {
    clients = Array.from({ length: CLIENTS }, () => fork(resolve('out/integration/engine/racer.process.js')));
  });
  after(() => {
    for (const client of clients) client.disconnect();
  });

  async function tell(client: ChildProcess, message: object): Promise<{ pid?: number; failed?: string }> {
    const answer = once(client, 'message');
    client.send(message);
    return ((await answer) as [{ pid?: number; failed?: string }])[0];
  }

  it(`makes one engine of ${CLIENTS} clients that start in the same instant, ${ROUNDS} times`, async function () {
    this.timeout(480_000);
    for (let round = 0; round < ROUNDS; round++) {
      const storage = newStorage();
      const answers = await Promise.all(clients.map(client => tell(client, { storage: storage.folder })));
      assert.deepEqual(
        answers.map(answer => answer.failed),
        answers.map(() => undefined),
        `round ${round}`,
      );
      assert.equal(new Set(answers.map(answer => answer.pid)).size, 1, `round ${round}: more than one engine`);
      const [first, ...others] = clients;
      await Promise.all(others.map(client => tell(client, {})));
      await tell(first!, { end: true });
      storage.remove();
    }
  });
});
