import assert from 'node:assert/strict';
import { workbenchSuite } from './driver/suite.js';

/** Each is a browser with an editor in it; where every change is tested, fewer do. */
const WINDOWS = process.env['CI'] ? 2 : 8;

workbenchSuite('Many windows', session => {
  it(`make one engine when ${WINDOWS} of them open in the same instant`, async function () {
    this.timeout(240_000);
    // something must be saved for an engine to be started at all
    const first = await session.open();
    await first.run('DGX Spark: Add Connection');
    const form = await first.webviews.frame({ extension: 'dgx-spark.dgx-spark', place: 'panel' });
    await form.getByRole('textbox', { name: 'Name' }).fill('spark-1');
    await form.getByRole('textbox', { name: 'Host' }).fill('spark-1.local');
    await form.getByRole('textbox', { name: 'User' }).fill('nvidia');
    await form.getByRole('radio', { name: 'Password' }).click();
    await form.getByRole('button', { name: 'Save', exact: true }).click();
    await form.getByRole('listitem', { name: 'spark-1' }).waitFor();
    const [old] = session.profile.engines();
    await session.closeWindows();
    process.kill(old!.pid, 'SIGKILL');

    const windows = await Promise.all(Array.from({ length: WINDOWS }, () => session.open()));
    for (const window of windows) {
      await window.views.open('DGX Spark', 90_000);
      await window.views.waitForRow('Connections', /spark-1/, 60_000);
    }
    const engines = session.profile.engines();
    assert.equal(engines.length, 1);
    assert.notEqual(engines[0]!.pid, old!.pid);
  });
});
