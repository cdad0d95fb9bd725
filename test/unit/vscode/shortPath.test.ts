import assert from 'node:assert/strict';
import { shortPath } from '../../../src/vscode/shortPath.js';

describe('a path to be read', () => {
  it('begins with ~ where it is below the home folder', () => {
    assert.equal(shortPath('/home/me/.ssh/config', '/home/me'), '~/.ssh/config');
    assert.equal(shortPath('/home/mean/.ssh/config', '/home/me'), '/home/mean/.ssh/config');
    assert.equal(shortPath('/etc/ssh/ssh_config', '/home/me'), '/etc/ssh/ssh_config');
  });
});
