import assert from 'node:assert/strict';
import { compareReleases, decideIntent } from '../../../src/link/versions.js';
import { SparkError } from '../../../src/shared/errors.js';

const BASE = { contract: 3, database: 5, extension: '1.2.3' };

describe('meeting an engine of another version', () => {
  it('attaches to the same', () => {
    assert.equal(decideIntent(BASE, BASE), 'attach');
  });

  it('replaces an engine that is older in any respect', () => {
    assert.equal(decideIntent(BASE, { ...BASE, contract: 2, extension: '9.9.9' }), 'takeOver');
    assert.equal(decideIntent(BASE, { ...BASE, database: 4 }), 'takeOver');
    assert.equal(decideIntent(BASE, { ...BASE, extension: '1.2.2' }), 'takeOver');
  });

  it('never replaces a newer one: talks to it where it can, else says so', () => {
    assert.equal(decideIntent(BASE, { ...BASE, extension: '1.10.0' }), 'attach');
    assert.equal(decideIntent(BASE, { ...BASE, database: 6 }), 'attach');
    assert.throws(
      () => decideIntent(BASE, { ...BASE, contract: 4 }),
      (error: unknown) => SparkError.is(error, 'engineOutdated'),
    );
  });

  it('orders releases by number, not by letter', () => {
    assert.ok(compareReleases('1.10.0', '1.9.9') > 0);
    assert.ok(compareReleases('0.1.0', '0.1.1') < 0);
    assert.equal(compareReleases('1.0.0-beta.2', '1.0.0'), 0);
  });
});
