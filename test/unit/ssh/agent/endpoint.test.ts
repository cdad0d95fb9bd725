import assert from 'node:assert/strict';
import { type AgentEndpoint, agentEndpoints, nameOfAgent } from '../../../../src/engine/ssh/agent/endpoint.js';
import { findPageantPipe } from '../../../../src/engine/ssh/agent/pageantPipe.js';

const WINDOWS_PIPE = '\\\\.\\pipe\\openssh-ssh-agent';

describe('where an agent is looked for', () => {
  const socket = (path: string, origin: AgentEndpoint['origin']) => [{ kind: 'socket', path, origin }];
  const env = { SSH_AUTH_SOCK: '/run/agent', OTHER: '/run/other', EMPTY: '', HOME: '/home/me' };
  const defaults = [
    { kind: 'socket', path: WINDOWS_PIPE, origin: 'default' },
    { kind: 'pageant', origin: 'default' },
  ];

  it('is what SSH_AUTH_SOCK says, unless IdentityAgent says something else', () => {
    assert.deepEqual(agentEndpoints(undefined, env, 'linux'), socket('/run/agent', 'environment'));
    assert.deepEqual(agentEndpoints('', env, 'linux'), socket('/run/agent', 'environment'));
    assert.deepEqual(agentEndpoints('SSH_AUTH_SOCK', env, 'darwin'), socket('/run/agent', 'environment'));
    assert.deepEqual(agentEndpoints('/run/mine', env, 'linux'), socket('/run/mine', 'setting'));
    assert.deepEqual(agentEndpoints('$OTHER', env, 'linux'), socket('/run/other', 'setting'));
    assert.deepEqual(agentEndpoints('${HOME}/${OTHER}', env, 'linux'), socket('/home/me//run/other', 'setting'));
  });

  it('is nowhere when that is said, or a variable is not there', () => {
    for (const setting of ['none', '$MISSING', '$EMPTY', '${MISSING}/agent'])
      assert.deepEqual(agentEndpoints(setting, env, 'linux'), [], setting);
    for (const setting of [undefined, 'SSH_AUTH_SOCK'])
      for (const empty of [{}, { SSH_AUTH_SOCK: '' }]) assert.deepEqual(agentEndpoints(setting, empty, 'linux'), []);
  });

  it('is a variable by its value alone, which is not expanded again', () => {
    assert.deepEqual(agentEndpoints('${A}', { A: '${HOME}$&' }, 'linux'), socket('${HOME}$&', 'setting'));
  });

  it('is on Windows the agent of OpenSSH, then Pageant', () => {
    assert.deepEqual(agentEndpoints(undefined, {}, 'win32'), defaults);
    assert.deepEqual(agentEndpoints('none', {}, 'win32'), []);
    assert.deepEqual(agentEndpoints('SSH_AUTH_SOCK', {}, 'win32'), []);
    const pipe = '//./pipe/mine';
    assert.deepEqual(agentEndpoints(undefined, { SSH_AUTH_SOCK: pipe }, 'win32'), socket(pipe, 'environment'));
  });

  it('is on Windows not the socket that Git for Windows names, which only its own programs can open', () => {
    assert.deepEqual(agentEndpoints(undefined, { SSH_AUTH_SOCK: '/tmp/ssh-x/agent.1' }, 'win32'), defaults);
  });

  it('is called so that the user knows it', () => {
    const [openssh, pageant] = agentEndpoints(undefined, {}, 'win32');
    assert.equal(nameOfAgent(openssh!), 'the OpenSSH agent of Windows');
    assert.equal(nameOfAgent(pageant!), 'Pageant');
    assert.equal(nameOfAgent(agentEndpoints('/run/mine', {}, 'linux')[0]!), 'the SSH agent at /run/mine');
  });
});

describe("Pageant's named pipe", () => {
  const hash = 'ab'.repeat(32);
  const find = (user: string, names: string[]) => findPageantPipe(user, () => Promise.resolve(names));

  it('is the one with the name of the user, whose case does not count', async () => {
    const names = ['lsass', `pageant.Other.${hash}`, `pageant.Jane Doe.${hash}`];
    assert.equal(await find('jane doe', names), `\\\\.\\pipe\\pageant.Jane Doe.${hash}`);
  });

  it('is not there when only others have one, or names are merely alike', async () => {
    const names = [`pageant.jane.doe.${hash}`, `pageant.jane.${hash}0`, 'pageant.jane.', `x.pageant.jane.${hash}`];
    assert.equal(await find('jane', names), undefined);
  });

  it('is not there when pipes cannot be listed', async () => {
    assert.equal(await findPageantPipe('jane', () => Promise.reject(new Error('ENOENT'))), undefined);
    // no Windows here
    assert.equal(await findPageantPipe(), undefined);
  });
});
