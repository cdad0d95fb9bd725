import assert from 'node:assert/strict';
import type { Fault } from '../../faults/fault.js';
import { printed, violations } from '../../faults/report.js';
import { runFaults } from '../../faults/suite.js';
import { startWorld, type World } from '../../faults/world.js';
import { hasSshd } from '../../support/sshd.js';

/** One of each kind. `npm run test:faults` injects hundreds, in random order and together. */
const FAULTS: readonly Fault[] = [
  { kind: 'reset' },
  { kind: 'silence', ms: 4_500, ends: 'dead' },
  { kind: 'halfOpen', direction: 'up' },
  { kind: 'halfOpen', direction: 'down' },
  { kind: 'blocked', ms: 1_500 },
  { kind: 'sessionsKilled' },
  { kind: 'restarted', ms: 1_000 },
];

describe('a tunnel whose link fails again and again', function () {
  this.timeout(180_000);
  let world: World | undefined;
  before(async function () {
    if (!hasSshd()) this.skip();
    world = await startWorld();
  });
  after(async () => {
    await world?.close();
  });

  it('refuses no request, leaves none hanging, and comes back without asking anybody', async () => {
    assert.ok(world);
    const report = await runFaults(world, {
      seed: undefined,
      groups: FAULTS.map(fault => ({ faults: [{ afterMs: 0, fault }], mayRecover: true, pauseMs: 0 })),
      isEnough: () => false,
      say: () => undefined,
    });
    assert.deepEqual(violations(report), [], printed(report));
    assert.ok(report.losses >= FAULTS.length, printed(report));
    assert.ok(report.counts.completed > 0, printed(report));
  });
});
