import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** OpenSSH's own client against a simulated Spark, with a folder for its files and the host key known and checked. */
export class OpenSsh {
  readonly folder = mkdtempSync(join(tmpdir(), 'openssh-'));
  readonly #server: { readonly port: number; readonly username: string };

  constructor(server: { port: number; username: string; hostKeyLines: readonly string[] }) {
    this.#server = server;
    const known = server.hostKeyLines.map(line => `[127.0.0.1]:${server.port} ${line}\n`);
    writeFileSync(join(this.folder, 'known_hosts'), known.join(''));
  }

  /** Logs in with this private key from now on. */
  useKey(privateKey: string): void {
    writeFileSync(join(this.folder, 'key'), privateKey, { mode: 0o600 });
  }

  /** `ssh [options] user@host [command]` with the key; never asks. */
  ssh(options: readonly string[], command?: string): ChildProcessWithoutNullStreams {
    const key = ['-i', join(this.folder, 'key'), '-o', 'BatchMode=yes'];
    return this.#start('ssh', [...key, ...options, '-p', String(this.#server.port), this.#host, ...word(command)]);
  }

  run(command: string, input?: string | Buffer): Promise<Finished> {
    return finish(this.ssh([], command), input);
  }

  /** Answers every question of `ssh` with the same text. */
  runAnswering(answer: string, options: readonly string[], command: string): Promise<Finished> {
    const askpass = join(this.folder, 'askpass');
    writeFileSync(askpass, '#!/bin/sh\nprintf "%s\\n" "$SPARK_TEST_ANSWER"\n', { mode: 0o700 });
    const args = [...options, '-p', String(this.#server.port), this.#host, command];
    const environment = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', SPARK_TEST_ANSWER: answer };
    return finish(this.#start('ssh', args, environment));
  }

  /** `sftp -b`: stops at the first command that fails. */
  sftp(commands: readonly string[]): Promise<Finished> {
    const args = ['-P', String(this.#server.port), '-i', join(this.folder, 'key'), '-b', '-', this.#host];
    return finish(this.#start('sftp', args), commands.join('\n'));
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #host(): string {
    return `${this.#server.username}@127.0.0.1`;
  }

  #start(
    program: string,
    args: readonly string[],
    environment: NodeJS.ProcessEnv = {},
  ): ChildProcessWithoutNullStreams {
    const common = ['-F', 'none', '-o', `UserKnownHostsFile=${join(this.folder, 'known_hosts')}`];
    common.push('-o', 'StrictHostKeyChecking=yes', '-o', 'IdentitiesOnly=yes', '-o', 'LogLevel=ERROR');
    return spawn(program, [...common, ...args], { env: { ...process.env, ...environment } });
  }
}

/** Gives a program its input and waits for its end. */
export async function finish(child: ChildProcessWithoutNullStreams, input: string | Buffer = ''): Promise<Finished> {
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const closed = once(child, 'close') as Promise<[number | null]>;
  const [[code], out, err] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
  return { code, out, err };
}

function word(text: string | undefined): string[] {
  return text === undefined ? [] : [text];
}
