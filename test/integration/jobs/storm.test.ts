import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { printedStorm, runJobStorm } from '../../faults/jobStorm.js';
import { hasSshd } from '../../support/sshd.js';

/** `npm run test:faults -- --jobs 200` starts hundreds; it takes the seed that a failure here prints. */
const JOBS = process.env['CI'] ? 4 : 20;

describe('training jobs while the link is cut and the engine is killed at random moments', function () {
  this.timeout(180_000);

  it('run exactly once each, end with the right code and have printed all, byte for byte', async function () {
    if (!hasSshd()) this.skip();
    const report = await runJobStorm({ seed: randomInt(2 ** 32), jobs: JOBS, say: () => undefined });
    assert.deepEqual(report.wrong, [], printedStorm(report));
  });
});
