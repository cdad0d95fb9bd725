import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentEndpoint } from '../../src/engine/ssh/agent/endpoint.js';

/** A real `ssh-agent` for one test. */
export interface SshAgent {
  readonly endpoint: AgentEndpoint;
  /** Of its socket, for `SSH_AUTH_SOCK`. */
  readonly path: string;
  /** `ssh-add`, which gets this text where it asks for a password. */
  add(args: readonly string[], answer?: string): void;
  stop(): Promise<void>;
}

/** @param confirms what the user says to the question that keys added with `-c` ask */
export async function startSshAgent(confirms = true): Promise<SshAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'ssh-agent-'));
  const path = join(folder, 'socket');
  const askpass = join(folder, 'askpass');
  writeFileSync(askpass, '#!/bin/sh\nprintf "%s\\n" "$TEST_ANSWER"\nexit "$TEST_CODE"\n', { mode: 0o700 });
  const asking = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' };
  const env = (answer: string, code: string) => ({
    ...process.env,
    ...asking,
    SSH_AUTH_SOCK: path,
    TEST_ANSWER: answer,
    TEST_CODE: code,
  });
  const agent = spawn('ssh-agent', ['-D', '-a', path], {
    env: env('', confirms ? '0' : '1'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(agent, 'exit');
  // it says where it listens when it does
  await once(agent.stdout, 'data');
  return {
    endpoint: { kind: 'socket', path, origin: 'environment' },
    path,
    add(args, answer = '') {
      execFileSync('ssh-add', args, { env: env(answer, '0'), stdio: ['ignore', 'ignore', 'pipe'] });
    },
    async stop() {
      agent.kill();
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
