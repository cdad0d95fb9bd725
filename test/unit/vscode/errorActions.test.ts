import assert from 'node:assert/strict';
import { ERROR_CODES } from '../../../src/shared/errors.js';
import { actionsFor, knownHostsPosition } from '../../../src/vscode/errorActions.js';

describe('buttons of an error message', () => {
  const all = { retry: true, connection: true };

  it('fit the failure', () => {
    assert.deepEqual(actionsFor('hostNotFound', all), ['retry', 'edit', 'diagnose']);
    assert.deepEqual(actionsFor('keyMissing', all), ['edit']);
    assert.deepEqual(actionsFor('hostKeyChanged', all), ['knownHosts', 'log']);
    assert.deepEqual(actionsFor('portBusy', all), ['portSetting', 'retry']);
    assert.deepEqual(actionsFor('engineOutdated', all), ['reload']);
  });

  it('never offer to try again where a changed key was refused', () => {
    for (const code of ['hostKeyChanged', 'hostKeyRevoked'] as const)
      assert.ok(!actionsFor(code, all).includes('retry'));
  });

  it('are left out where they have nothing to act on', () => {
    for (const code of ERROR_CODES) {
      const actions = actionsFor(code, { retry: false, connection: false });
      assert.ok(!actions.some(action => ['retry', 'edit', 'connect'].includes(action)), code);
    }
  });
});

describe('the place in known_hosts', () => {
  const at = (message: string, hint?: string) =>
    knownHostsPosition({ code: 'hostKeyChanged', message, hint }, '/home/me/.ssh/known_hosts');

  it('is read from the error', () => {
    assert.deepEqual(at('Changed.', 'Remove /home/me/.ssh/known_hosts:12 if you trust it.'), {
      file: '/home/me/.ssh/known_hosts',
      line: 12,
    });
    assert.deepEqual(at('It is line 7 of ~/.ssh/known_hosts2.'), { file: '~/.ssh/known_hosts2', line: 7 });
    assert.deepEqual(at('See C:\\Users\\me\\.ssh\\known_hosts, line 3.'), {
      file: 'C:\\Users\\me\\.ssh\\known_hosts',
      line: 3,
    });
    assert.deepEqual(at('"/etc/ssh/ssh_known_hosts" cannot be read.'), { file: '/etc/ssh/ssh_known_hosts', line: 1 });
  });

  it('is the usual file where the error names none', () => {
    assert.deepEqual(at('The host key changed.'), { file: '/home/me/.ssh/known_hosts', line: 1 });
  });
});
