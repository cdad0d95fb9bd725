import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Algorithms } from 'ssh2';
import { hasSshd, makeKey, startSshd } from '../../support/sshd.js';

const run = promisify(execFile);

interface Report {
  bytes: number;
  offered: Record<keyof Algorithms, string[]>;
  lines: string[];
  refused: string[];
}

describe("with the crypto of desktop VS Code's Electron", function () {
  this.timeout(30_000);

  before(function () {
    if (!hasSshd()) this.skip();
  });

  async function logIn(config: string[], keyFormat: string[]): Promise<Report> {
    const sshd = await startSshd({ config, hostKeys: ['ed25519', 'ecdsa', 'rsa'] });
    try {
      sshd.trust();
      const key = makeKey(join(sshd.folder, 'key'), 'ecdsa', keyFormat);
      sshd.authorize(key);
      const program = join(__dirname, 'electronCrypto.process.js');
      const { stdout } = await run(process.execPath, [program, String(sshd.port), sshd.username, key, sshd.home]);
      return JSON.parse(stdout) as Report;
    } finally {
      await sshd.stop();
    }
  }

  it('everything still connects, and nothing is offered that is not there', async () => {
    const report = await logIn([], ['-m', 'PKCS8']);
    assert.equal(report.bytes, 3_000_000);
    assert.ok(!report.offered.cipher.some(name => name.startsWith('chacha20')));
    assert.deepEqual(
      report.offered.kex.filter(name => /group1\d/.test(name)),
      [],
    );
    assert.ok(report.lines.some(line => line.includes('aes128-gcm@openssh.com')));
    assert.deepEqual(
      report.refused.filter(name => !name.startsWith('modp')),
      [],
      'something that is missing was used',
    );
  });

  it('AES-CTR is there for servers without AES-GCM', async () => {
    const report = await logIn(['Ciphers aes256-ctr', 'MACs hmac-sha2-256', 'KexAlgorithms ecdh-sha2-nistp256'], []);
    assert.equal(report.bytes, 3_000_000);
    assert.ok(report.lines.some(line => line.includes('aes256-ctr')));
  });
});
