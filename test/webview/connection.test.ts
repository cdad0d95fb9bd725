import assert from 'node:assert/strict';
import { type Page } from 'playwright-core';
import { SparkError } from '../../src/shared/errors.js';
import { STATUS, connection, ollama } from './fixtures.js';
import { Harness, close, type Panel } from './harness.js';

const field = (page: Page, name: string) => page.getByRole('textbox', { name, exact: true });
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const note = (page: Page, id: string) => page.locator(`#field-${id}-note`);

const NO_OTHER_WAYS = { sshConfigHost: null, proxyJump: null, addresses: [], ollamaHost: null, ollamaPort: null };

describe('the panel: connections', function () {
  this.timeout(60_000);
  let harness: Harness;
  let panel: Panel;
  before(async () => {
    harness = await Harness.start();
  });
  after(() => harness.stop());
  afterEach(() => close(panel));

  it('says what to do when nothing is saved, and opens the form', async () => {
    panel = await harness.open();
    await panel.page.getByText('Save a connection to reach your DGX Spark over SSH.').waitFor();
    await button(panel.page, 'Add your first Spark').click();
    await panel.page.getByRole('heading', { name: 'New connection' }).waitFor();
    await panel.page.waitForFunction(() => document.activeElement?.id === 'field-name');
  });

  it('creates a connection from the form and connects to it', async () => {
    panel = await harness.open();
    const { page, host } = panel;
    await button(page, 'Add your first Spark').click();
    await field(page, 'Name').fill('Workshop');
    await field(page, 'Host').fill('spark-7.local');
    await field(page, 'Port').fill('2222');
    await field(page, 'User').fill('nvidia');
    await page.getByRole('radio', { name: 'Private key' }).click();
    await button(page, 'Browse for the private key file').click();
    await page.waitForFunction(
      () => document.querySelector<HTMLInputElement>('#field-sshKeyPath')?.value === '/home/me/.ssh/id_spark',
    );
    await button(page, 'Save and connect').click();
    assert.deepEqual(await host.called('connections/create'), {
      name: 'Workshop',
      hostname: 'spark-7.local',
      port: 2222,
      username: 'nvidia',
      authMethod: 'key',
      sshKeyPath: '/home/me/.ssh/id_spark',
      ...NO_OTHER_WAYS,
    });
    assert.deepEqual(await host.called('connections/connect'), { connectionId: 'created', offerChoices: true });
    await page.getByText('nvidia@spark-7.local:2222').first().waitFor();
    assert.equal(await page.locator('form').count(), 0);
  });

  it('sends no key path for a login by password, and only saves when only that was asked', async () => {
    panel = await harness.open();
    const { page, host } = panel;
    await button(page, 'Add your first Spark').click();
    await field(page, 'Name').fill('Lab');
    await field(page, 'Host').fill('fe80::1%eth0');
    await field(page, 'User').fill('ada');
    await page.getByRole('radio', { name: 'Password' }).click();
    await field(page, 'Private key file').waitFor({ state: 'detached' });
    await button(page, 'Save').click();
    assert.deepEqual(await host.called('connections/create'), {
      name: 'Lab',
      hostname: 'fe80::1%eth0',
      port: 22,
      username: 'ada',
      authMethod: 'password',
      sshKeyPath: null,
      ...NO_OTHER_WAYS,
    });
    await page.getByText('Never connected').waitFor();
    assert.equal(host.count('connections/connect'), 0);
  });

  it('says what is wrong at each field and goes to the first of them', async () => {
    panel = await harness.open();
    const { page, host } = panel;
    await button(page, 'Add your first Spark').click();
    await field(page, 'Name').fill('Lab');
    await field(page, 'Host').fill('-oProxyCommand=x');
    await field(page, 'Port').fill('70000');
    await page.getByRole('radio', { name: 'Private key' }).click();
    await button(page, 'Save and connect').click();
    assert.equal(
      await note(page, 'hostname').innerText(),
      'Use a host name or an IP address, without user name, port or spaces.',
    );
    assert.equal(await note(page, 'port').innerText(), 'Use 1 to 65535.');
    assert.equal(await note(page, 'username').innerText(), 'Enter the user name on the Spark.');
    assert.equal(await note(page, 'sshKeyPath').innerText(), 'Choose the private key file, or log in with a password.');
    await page.waitForFunction(() => document.activeElement?.id === 'field-hostname');
    assert.equal(await field(page, 'Host').getAttribute('aria-invalid'), 'true');
    assert.equal(await field(page, 'Name').getAttribute('aria-invalid'), 'false');
    assert.equal(host.count('connections/create'), 0);

    await field(page, 'Host').fill('spark');
    await note(page, 'hostname').getByText('Host name or IP address.').waitFor();
    assert.equal(await field(page, 'Host').getAttribute('aria-invalid'), 'false');
  });

  it('complains when a field is left, not while it is typed', async () => {
    panel = await harness.open();
    const { page } = panel;
    await button(page, 'Add your first Spark').click();
    await field(page, 'Host').pressSequentially('a b');
    assert.equal(await note(page, 'hostname').innerText(), 'Host name or IP address.');
    await field(page, 'User').focus();
    await note(page, 'hostname').getByText('Use a host name or an IP address').waitFor();
  });

  it('ties a complaint to its field for a screen reader', async () => {
    panel = await harness.open();
    const { page } = panel;
    await button(page, 'Add your first Spark').click();
    await button(page, 'Save').click();
    const cdp = await page.context().newCDPSession(page);
    const { nodes } = await cdp.send('Accessibility.getFullAXTree');
    const host = nodes.find(node => node.role?.value === 'textbox' && node.name?.value === 'Host');
    assert.equal(host?.description?.value, 'Enter the host name or IP address.');
  });

  it('shows what the engine refuses at the field that it names', async () => {
    panel = await harness.open({
      prepare: host => {
        host.connections = [connection()];
        host.answers = {
          'connections/update': () => {
            throw new SparkError({
              code: 'keyMissing',
              message: 'There is no file ~/.ssh/id_ed25519.',
              hint: 'Choose another one.',
              field: 'sshKeyPath',
            });
          },
        };
      },
    });
    const { page } = panel;
    await button(page, 'Edit Workshop Spark').click();
    assert.equal(await field(page, 'Private key file').inputValue(), '~/.ssh/id_ed25519');
    await button(page, 'Save').click();
    await note(page, 'sshKeyPath').getByText('There is no file ~/.ssh/id_ed25519. Choose another one.').waitFor();
    await page.waitForFunction(() => document.activeElement?.id === 'field-sshKeyPath');
  });

  it('shows what the engine refuses without naming a field above the form', async () => {
    panel = await harness.open({
      prepare: host => {
        host.answers = {
          'connections/create': () => {
            throw new SparkError({
              code: 'databaseUnwritable',
              message: 'The disk is full.',
              hint: 'Free some space.',
            });
          },
        };
      },
    });
    const { page } = panel;
    await button(page, 'Add your first Spark').click();
    await field(page, 'Name').fill('Lab');
    await field(page, 'Host').fill('lab');
    await field(page, 'User').fill('ada');
    await field(page, 'User').press('Enter');
    const alert = page.locator('form').getByRole('alert');
    assert.equal((await alert.innerText()).replace(/\s+/g, ' '), 'The disk is full. Free some space.');
    assert.equal(await field(page, 'Name').inputValue(), 'Lab');
  });

  it('sends the changes of an edited connection', async () => {
    panel = await harness.open({ prepare: host => (host.connections = [connection()]) });
    const { page, host } = panel;
    host.showForm('spark-1');
    await field(page, 'Name').fill('Renamed');
    await button(page, 'Save').click();
    assert.deepEqual(await host.called('connections/update'), {
      connectionId: 'spark-1',
      changes: {
        name: 'Renamed',
        hostname: 'spark-1.local',
        port: 22,
        username: 'nvidia',
        authMethod: 'key',
        sshKeyPath: '~/.ssh/id_ed25519',
        ...NO_OTHER_WAYS,
      },
    });
    await page.waitForFunction(() => document.activeElement?.id === 'connection-spark-1');
  });

  it('sends other ways to the machine, and says which line is none', async () => {
    panel = await harness.open({ prepare: host => (host.connections = [connection()]) });
    const { page, host } = panel;
    host.showForm('spark-1');
    await page.getByText('Other ways to reach it').click();
    await field(page, 'Jump hosts').fill('me@gateway:2222, inner');
    await field(page, 'Other addresses').fill('10.0.0.7\nnot an address\n');
    await button(page, 'Save').click();
    await note(page, 'addresses').getByText('Use an address a line').waitFor();
    // folded away again, it would be a button that does nothing
    await page.getByText('Other ways to reach it').click();
    await page.waitForFunction(() => !document.querySelector('details')?.open);
    await button(page, 'Save').click();
    await note(page, 'addresses').getByText('Use an address a line').waitFor();
    await page.waitForFunction(() => document.activeElement?.id === 'field-addresses');
    await field(page, 'Other addresses').fill('10.0.0.7\n\nspark via me@gateway');
    await button(page, 'Save').click();
    const { changes } = (await host.called('connections/update')) as { changes: Record<string, unknown> };
    assert.equal(changes['proxyJump'], 'me@gateway:2222, inner');
    assert.deepEqual(changes['addresses'], ['10.0.0.7', 'spark via me@gateway']);
  });

  it('shows a connection that follows the SSH config without the fields that come from there, until that is ended', async () => {
    panel = await harness.open({ prepare: host => (host.connections = [connection({ sshConfigHost: 'spark' })]) });
    const { page, host } = panel;
    await page.getByText('Follows Host spark of your SSH config').waitFor();
    host.showForm('spark-1');
    await page.getByText('Follows "Host spark" of your SSH config.').waitFor();
    assert.equal(await field(page, 'Host').count(), 0);
    await button(page, 'Use my own values').click();
    await field(page, 'Host').waitFor();
    await button(page, 'Save').click();
    const { changes } = (await host.called('connections/update')) as { changes: Record<string, unknown> };
    assert.equal(changes['sshConfigHost'], null);
  });

  it('opens the form with what was found on the network', async () => {
    panel = await harness.open({ prepare: host => (host.connections = [connection()]) });
    const { page, host } = panel;
    host.showForm(null, { name: 'spark-1a2b', hostname: 'spark-1a2b.local', port: 2222 });
    await page.waitForFunction(
      () => document.querySelector<HTMLInputElement>('#field-hostname')?.value === 'spark-1a2b.local',
    );
    assert.equal(await field(page, 'Port').inputValue(), '2222');
    await button(page, 'Cancel').click();
    await button(page, 'Import from your SSH config').click();
    await host.called('panel/importSshConfig');
    await button(page, 'Find Sparks on the network').click();
    await host.called('panel/discover');
  });

  it('keeps a half-filled form over closing and opening, and drops it on Escape', async () => {
    panel = await harness.open();
    const { page } = panel;
    await button(page, 'Add your first Spark').click();
    await field(page, 'Host').fill('spark-9');
    await panel.reload();
    assert.equal(await field(page, 'Host').inputValue(), 'spark-9');
    await field(page, 'Host').press('Escape');
    await button(page, 'Add your first Spark').waitFor();
    await page.waitForFunction(() => document.activeElement?.id === 'add-connection');
  });

  it('connects, cancels, disconnects, deletes and makes active', async () => {
    panel = await harness.open({
      prepare: host => {
        host.connections = [
          connection({ isActive: true, status: STATUS.connected }),
          connection({ id: 'spark-2', name: 'Lab' }),
          connection({ id: 'spark-3', name: 'Rack', status: STATUS.connecting }),
          connection({ id: 'spark-4', name: 'Desk', status: STATUS.connected }),
        ];
      },
    });
    const { page, host } = panel;
    const saved = page.locator('.saved');
    await saved.getByRole('button', { name: 'Connect to Lab' }).click();
    assert.deepEqual(await host.called('connections/connect'), { connectionId: 'spark-2', offerChoices: true });
    await button(page, 'Cancel connecting to Rack').click();
    assert.deepEqual(await host.called('connections/disconnect'), { connectionId: 'spark-3' });
    host.calls.length = 0;
    await saved.getByRole('button', { name: 'Disconnect Workshop Spark' }).click();
    assert.deepEqual(await host.called('connections/disconnect'), { connectionId: 'spark-1' });
    await button(page, 'Delete Lab').click();
    assert.deepEqual(await host.called('panel/deleteConnection'), { connectionId: 'spark-2' });
    await button(page, 'Make active: Desk').click();
    assert.deepEqual(await host.called('connections/setActive'), { connectionId: 'spark-4' });
  });

  it('shows the connected one with a green border, its tunnel and its uptime', async () => {
    panel = await harness.open({
      prepare: host => {
        host.connections = [
          connection({ isActive: true, status: STATUS.connected }),
          connection({ id: 'b', name: 'B' }),
        ];
        host.endpoint = { url: 'http://localhost:11435', source: 'dgx', connectionId: 'spark-1' };
      },
    });
    const { page, host } = panel;
    const border = (id: string) =>
      page.locator(`#connection-${id}`).evaluate(card => getComputedStyle(card).borderLeft);
    assert.equal(await border('spark-1'), '4px solid rgb(34, 197, 94)');
    assert.notEqual(await border('b'), '4px solid rgb(34, 197, 94)');
    const active = page.locator('.active');
    assert.match(await active.innerText(), /Connected[^]*\b00:\d\d:\d\d\b[^]*localhost:11435 → 11434/);
    await active.getByRole('button', { name: /^Copy the Ollama address/ }).click();
    await active.getByText('Copied').waitFor();
    assert.equal(host.count('panel/copyEndpoint'), 1);
    assert.equal(await page.locator('.saved').first().locator('time').innerText(), '2 hours ago');
    assert.match((await page.locator('.saved time').first().getAttribute('title')) ?? '', /\d{4}/);
  });

  it('follows the states of a connection', async () => {
    panel = await harness.open({ prepare: host => (host.connections = [connection({ isActive: true })]) });
    const { page, host } = panel;
    const header = page.locator('.shell__status');
    assert.match(await header.innerText(), /Disconnected/);
    host.connections = [connection({ isActive: true, status: STATUS.connecting })];
    host.announce();
    await page.locator('.active').getByText('Verifying the host key…').waitFor();
    assert.match(await header.innerText(), /Connecting/);
    host.connections = [connection({ isActive: true, status: STATUS.refused })];
    host.announce();
    const alert = page.locator('.active').getByRole('alert');
    await alert.getByText('spark-1.local refused the connection on port 22.').waitFor();
    await alert.getByText('Check that the SSH server is running there and that the port is right.').waitFor();
    await alert.getByRole('button', { name: 'Show log' }).click();
    await host.called('panel/showLog');
    await alert.getByRole('button', { name: 'Try again to connect to Workshop Spark' }).click();
    await host.called('connections/connect');
    assert.match(await header.innerText(), /Error/);
  });

  it('tries at once on demand while it waits for the next attempt', async () => {
    panel = await harness.open({
      prepare: host => {
        const status = { ...STATUS.reconnecting, nextAttemptAt: Date.now() + 30_000 };
        host.connections = [connection({ isActive: true, status })];
      },
    });
    const { page, host } = panel;
    const active = page.locator('.active');
    await active.getByText(/next attempt in \d+ s/).waitFor();
    await active.getByRole('button', { name: 'Try now to connect to Workshop Spark' }).click();
    await host.called('connections/connect');
    const { state, since, tunnel, error } = STATUS.reconnecting;
    host.connections = [connection({ isActive: true, status: { state, since, tunnel, error, step: 'Logging in' } })];
    host.announce();
    await active.getByText('Logging in…').waitFor();
    assert.equal(await active.getByRole('button', { name: 'Try now to connect to Workshop Spark' }).isDisabled(), true);
  });

  it('leads to known_hosts when a host key has changed', async () => {
    const error = { code: 'hostKeyChanged', message: 'The host key of spark-1.local has changed.' } as const;
    panel = await harness.open({
      prepare: host => {
        host.connections = [connection({ isActive: true, status: { ...STATUS.refused, error } })];
      },
    });
    const alert = panel.page.locator('.active').getByRole('alert');
    await alert.getByRole('button', { name: 'Open known_hosts' }).click();
    assert.deepEqual(await panel.host.called('panel/openKnownHosts'), { connectionId: 'spark-1' });
  });

  it('takes where Ollama is on the machine, and says when that is no port', async () => {
    panel = await harness.open({
      prepare: host => {
        host.connections = [connection({ ollamaPort: 11500 })];
      },
    });
    const { page, host } = panel;
    await button(page, 'Edit Workshop Spark').click();
    // unfolded, since something is in it
    assert.equal(await field(page, 'Port of Ollama').inputValue(), '11500');
    await field(page, 'Port of Ollama').fill('70000');
    await button(page, 'Save').click();
    await page.getByText('Use 1 to 65535.').waitFor();
    await field(page, 'Port of Ollama').fill('');
    await field(page, 'Host of Ollama').fill('172.17.0.2');
    await button(page, 'Save').click();
    const { changes } = (await host.called('connections/update')) as { changes: Record<string, unknown> };
    assert.deepEqual([changes['ollamaHost'], changes['ollamaPort']], ['172.17.0.2', null]);
  });

  it('shows how both Ollamas do, which one is in use, and switches', async () => {
    panel = await harness.open({
      prepare: host => {
        host.connections = [connection({ isActive: true, status: STATUS.connected })];
        host.endpoint = { url: 'http://localhost:11435', source: 'dgx', connectionId: 'spark-1' };
        host.health = {
          local: ollama({ state: 'down', version: null, latencyMs: null, problem: 'Ollama does not run here.' }),
          dgx: { ...ollama(), connectionId: 'spark-1', connectionName: 'Workshop Spark' },
        };
      },
    });
    const { page, host } = panel;
    const place = (name: string) => page.locator('.target').getByRole('listitem').filter({ hasText: name });
    await place('Workshop Spark').getByText('Ollama 0.12.6 · 4 ms · no model loaded').waitFor();
    await place('Workshop Spark').getByText('in use').waitFor();
    await place('This computer').getByText('Ollama does not run here.').waitFor();
    await page.getByRole('radio', { name: 'This computer' }).click();
    assert.deepEqual(await host.called('panel/selectTarget'), { target: 'local' });
    host.endpoint = { url: 'http://localhost:11434', source: 'local', connectionId: null };
    host.announce();
    await place('This computer').getByText('in use').waitFor();
  });

  it('shows a failure that is not a state of the connection, and no cancelled one', async () => {
    panel = await harness.open({
      prepare: host => {
        host.connections = [connection({ isActive: true }), connection({ id: 'b', name: 'B' })];
        host.answers = {
          'connections/connect': ({ connectionId }) => {
            if (connectionId === 'b') throw new SparkError({ code: 'cancelled', message: 'Cancelled.' });
            throw new SparkError({ code: 'engineUnavailable', message: 'The engine is gone.', hint: 'Reload.' });
          },
        };
      },
    });
    const { page, host } = panel;
    await page.locator('.saved').getByRole('button', { name: 'Connect to B' }).click();
    await host.called('connections/connect');
    await page.locator('.active').getByRole('button', { name: 'Connect to Workshop Spark' }).click();
    await page.locator('.active').getByRole('alert').getByText('The engine is gone.').waitFor();
    assert.equal(await page.getByText('Cancelled.').count(), 0);
  });
});
