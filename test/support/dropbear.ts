import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './sshd.js';

/** A running Dropbear server: the other implementation of SSH that small machines have. */
export interface Dropbear {
  readonly port: number;
  /** `type base64` of its host key. */
  readonly hostKey: string;
  stop(): Promise<void>;
}

/** Starts one on loopback; users log in as the system knows them. */
export async function startDropbear(): Promise<Dropbear> {
  const folder = mkdtempSync(join(tmpdir(), 'dropbear-'));
  const key = join(folder, 'host_key');
  const made = execFileSync('dropbearkey', ['-t', 'ed25519', '-f', key], { encoding: 'utf8' });
  const [, hostKey = ''] = /^(ssh-ed25519 \S+)/m.exec(made) ?? [];
  const port = await freePort();
  const args = ['-F', '-E', '-r', key, '-p', `127.0.0.1:${port}`, '-P', join(folder, 'pid')];
  const server = spawn('dropbear', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const lines = createInterface({ input: server.stderr });
  for await (const line of lines) if (line.includes('Not backgrounding')) break;
  server.stderr.resume();
  return {
    port,
    hostKey,
    async stop() {
      const exited = once(server, 'exit');
      server.kill();
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
