import assert from 'node:assert/strict';
import { workbenchSuite } from './driver/suite.js';
import type { Workbench } from './driver/workbench.js';

workbenchSuite('The installed extension', session => {
  let workbench: Workbench;

  before(async () => {
    workbench = await session.open();
  });

  it('has an entry of its own in the activity bar, with its views in order', async () => {
    await workbench.views.open('DGX Spark');
    const titles = await workbench.until(async () => {
      const shown = await workbench.views.titles();
      return shown.length > 1 && shown;
    }, 'the views');
    assert.deepEqual(titles, ['Connections', 'Projects', 'Training Jobs', 'Containers', 'Files']);
  });

  it('welcomes a user who has no connection, with a button that adds one', async () => {
    await workbench.views.open('DGX Spark');
    const welcome = await workbench.until(() => workbench.views.welcome('Connections'), 'the welcome text');
    assert.match(welcome, /DGX Spark/);
    assert.match(welcome, /^Add Connection$/m);
  });

  it('starts no engine for an empty list', async () => {
    // the log is the extension's own: it is shown when the extension runs
    await workbench.run('DGX Spark: Show Log');
    await workbench.until(
      () => workbench.page.locator('.part.panel .pane-body.output-view, .part.panel .output-view').isVisible(),
      'the log',
    );
    assert.deepEqual(session.profile.engines(), []);
  });
});
