import { Duplex, PassThrough } from 'node:stream';
import { Emitter } from '../../../src/engine/base/emitter.js';
import type { RemoteProcess, SshSession } from '../../../src/engine/ssh/types.js';
import type { ErrorInfo } from '../../../src/shared/errors.js';

/** A document with one GPU of this utilisation. */
export function document(utilization: number | string): string {
  return `<nvidia_smi_log><driver_version>580.1</driver_version><gpu><product_name>NVIDIA GB10</product_name><utilization><gpu_util>${utilization} %</gpu_util></utilization></gpu></nvidia_smi_log>`;
}

/** The remote end of one sampling channel, moved by a test. */
export class FakeChannel implements RemoteProcess {
  readonly asked: string[] = [];
  readonly stderr = new PassThrough();
  readonly stream: Duplex;
  readonly exited: RemoteProcess['exited'];
  disposed = false;
  private exit: (result: { code: number | null; signal: string | null }) => void = () => undefined;

  constructor(private readonly marker: string) {
    this.stream = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        this.asked.push(...chunk.toString().trim().split('\n'));
        done();
      },
    });
    this.exited = new Promise(resolve => (this.exit = resolve));
  }

  async memory(totalMb = 1000, availableMb = 400): Promise<void> {
    await this.say(`m MemTotal: ${totalMb * 1024} kB;MemAvailable: ${availableMb * 1024} kB;`);
  }

  async output(text: string, status = 0): Promise<void> {
    await this.say('b');
    this.stream.push(text);
    await this.say(`e ${status}`);
  }

  async say(line: string): Promise<void> {
    this.stream.push(`\n${this.marker} ${line}\n`);
    await settled();
  }

  /** Memory and a document, as a machine in order answers. */
  async answer(utilization: number | string): Promise<void> {
    await this.memory();
    await this.output(document(utilization));
  }

  async end(code: number, complaint = ''): Promise<void> {
    this.stderr.write(complaint);
    await settled();
    this.exit({ code, signal: null });
    await settled();
  }

  dispose(): void {
    this.disposed = true;
  }
}

/** A session that only samples. */
export class FakeSession implements SshSession {
  private readonly ended = new Emitter<ErrorInfo>();
  readonly onDidEnd = this.ended.event;
  readonly route = { username: 'nvidia', hostname: 'spark.local', port: 22, address: undefined, words: 'spark.local' };
  readonly channels: FakeChannel[] = [];
  refusal: Error | undefined;

  spawn(argv: readonly string[]): Promise<RemoteProcess> {
    if (this.refusal) return Promise.reject(this.refusal);
    const channel = new FakeChannel(argv.at(-2) ?? '');
    this.channels.push(channel);
    return Promise.resolve(channel);
  }

  get channel(): FakeChannel {
    const channel = this.channels.at(-1);
    if (!channel) throw new Error('Nothing was spawned.');
    return channel;
  }

  check(): void {
    // it lives
  }

  terminal(): Promise<never> {
    return Promise.reject(new Error('No terminals here.'));
  }

  sftp(): Promise<never> {
    return Promise.reject(new Error('No files here.'));
  }

  forward(): Promise<Duplex> {
    return Promise.reject(new Error('No tunnels here.'));
  }

  lose(): void {
    this.ended.fire({ code: 'connectionLost', message: 'The connection was lost.' });
  }

  dispose(): void {
    this.ended.dispose();
  }
}

/** Streams hand on what they got in the same turn of the event loop at the latest. */
export async function settled(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}
