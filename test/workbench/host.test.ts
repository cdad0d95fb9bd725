import assert from 'node:assert/strict';
import type { HostTestResult } from '../../scripts/lib/hostRunner.mjs';
import { runHostTests } from './driver/hostTests.js';

describe('Inside the extension host', () => {
  let results: HostTestResult[] = [];

  before(async function () {
    this.timeout(240_000);
    results = await runHostTests();
  });

  it('every in-host test passes', () => {
    assert.ok(results.some(({ state }) => state === 'passed'));
    const failures = results.filter(({ state }) => state === 'failed');
    if (failures.length > 0) assert.fail(failures.map(({ title, error }) => `${title}\n${error ?? ''}`).join('\n\n'));
  });
});
