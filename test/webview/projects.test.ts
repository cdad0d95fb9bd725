import assert from 'node:assert/strict';
import { STATUS, connection, project } from './fixtures.js';
import { Harness, close, type Panel } from './harness.js';

describe('the panel: projects', function () {
  this.timeout(60_000);
  let harness: Harness;
  let panel: Panel;
  before(async () => {
    harness = await Harness.start();
  });
  after(() => harness.stop());
  afterEach(() => close(panel));

  const open = async (names: readonly string[]) => {
    panel = await harness.open({
      prepare: host => {
        host.tab = 'projects';
        host.connections = [connection({ isActive: true, status: STATUS.connected })];
        host.projects = names.map((name, index) => project({ id: `p${index}`, name, description: null }));
      },
    });
    return panel;
  };

  it('makes a project whose folder was found by browsing', async () => {
    const { page, host } = await open([]);
    await page.getByRole('button', { name: 'Create your first project' }).click();
    await page.getByRole('button', { name: 'Browse for the folder on the Spark' }).click();
    assert.deepEqual(await host.called('panel/pickRemoteFolder'), { connectionId: 'spark-1', path: '~/' });
    await page.waitForFunction(
      () => document.querySelector<HTMLInputElement>('#project-field-remotePath')?.value === '/home/nvidia/llama',
    );
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('listitem', { name: 'llama' }).waitFor();
    const sent = (await host.called('projects/create')) as Record<string, unknown>;
    assert.deepEqual(
      { name: sent['name'], remotePath: sent['remotePath'], connectionId: sent['connectionId'] },
      { name: 'llama', remotePath: '/home/nvidia/llama', connectionId: 'spark-1' },
    );
  });

  it('says at the field what is wrong, and saves nothing', async () => {
    const { page, host } = await open([]);
    await page.getByRole('button', { name: 'Create your first project' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Llama');
    await page.getByRole('textbox', { name: 'Folder on the Spark' }).fill('relative/path');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Use an absolute path').waitFor();
    assert.equal(host.count('projects/create'), 0);
  });

  it('finds by every word, and opens what was found', async () => {
    const { page, host } = await open(['Llama', 'Vision', 'Speech']);
    await page.getByRole('textbox', { name: 'Search' }).fill('vis workshop');
    await page.getByText('1 project fits.').waitFor();
    assert.equal(await page.getByRole('listitem', { name: 'Llama' }).count(), 0);
    await page.getByRole('button', { name: 'Open the files of Vision' }).click();
    assert.deepEqual(await host.called('panel/openProject'), { projectId: 'p1', where: 'files' });
  });
});
