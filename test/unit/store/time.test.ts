import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fromFileTime, fromSqlTime, toFileTime, toSqlTime } from '../../../src/engine/store/time.js';

describe('times in the database', () => {
  it('are UTC in the form of SQLite', () => {
    assert.equal(toSqlTime(Date.UTC(2025, 1, 28, 23, 59, 59, 999)), '2025-02-28 23:59:59');
    assert.equal(toFileTime(Date.UTC(2025, 1, 28, 23, 59, 59)), '20250228-235959');
  });

  it('come back to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253402300799 }), seconds => {
        assert.equal(fromSqlTime(toSqlTime(seconds * 1000)), seconds * 1000);
        assert.equal(fromFileTime(toFileTime(seconds * 1000)), seconds * 1000);
      }),
    );
  });

  it('of another form are no times', () => {
    for (const text of ['', '2025-02-28', '2025-02-28T10:00:00', '2025-13-28 10:00:00', 'yesterday'])
      assert.equal(fromSqlTime(text), null, text);
    assert.equal(fromSqlTime(null), null);
    assert.equal(fromFileTime('20251328-100000'), null);
  });
});
