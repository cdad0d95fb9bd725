import { Duplex, PassThrough } from 'node:stream';
import { Emitter } from '../../../src/engine/base/emitter.js';
import type { RemoteProcess, SshSession } from '../../../src/engine/ssh/types.js';
import type { ErrorInfo } from '../../../src/shared/errors.js';

/** A document with one GPU of this utilisation. */
export function document(utilization: number | string): string {
  return `<nvidia_smi_log><driver_version>580.1</driver_version><gpu><product_name>NVIDIA GB10</product_name><utilization><gpu_util>${utilization} %</gpu_util></utilization></gpu></nvidia_smi_log>`;
}

/** A line of the loop, of a GB10. */
export function row(index: number, count: number, utilization: number | string): string {
  return `${index}, ${utilization}, [N/A], [N/A], 51, 34.50, [N/A], 2400, [N/A], [N/A], P0, ${count}, 0x0000000000000000, NVIDIA GB10`;
}

/** The remote end of one sampling channel, moved by a test. */
export class FakeChannel implements RemoteProcess {
  readonly asked: string[] = [];
  readonly stderr = new PassThrough();
  readonly stream: Duplex;
  readonly exited: RemoteProcess['exited'];
  disposed = false;
  private documented = false;
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

  /** A reading of the machine itself: as an answer, or as the loop makes it. */
  async system(availableMb = 400, how: { looped?: boolean; uptime?: number } = {}): Promise<void> {
    const letter = (name: string) => (how.looped ? name.toUpperCase() : name);
    await this.say(`${letter('u')} ${how.uptime ?? ''} 0.5 0.4 0.3`);
    await this.say(`${letter('m')} MemTotal: ${1000 * 1024} kB;MemAvailable: ${availableMb * 1024} kB;`);
    await this.say(`${letter('p')} cpu some avg10=1.50 avg60=0.50 full avg10=0.00 avg60=0.00`);
    await this.say(letter('n'));
  }

  /** What the loop prints for GPUs of these utilisations. */
  async round(...utilizations: (number | string)[]): Promise<void> {
    await this.roundAt(undefined, ...utilizations);
  }

  /** The same at a moment of the machine's own clock, in seconds. */
  async roundAt(uptime: number | undefined, ...utilizations: (number | string)[]): Promise<void> {
    await this.system(400, { looped: true, ...(uptime === undefined ? {} : { uptime }) });
    for (const [index, utilization] of utilizations.entries())
      await this.say(`g ${row(index, utilizations.length, utilization)}`);
  }

  /** A round, as a machine in order answers: the first after what only the document tells. */
  async answer(utilization: number | string): Promise<void> {
    if (!this.documented) await this.block('xml', document(utilization));
    this.documented = true;
    await this.round(utilization);
  }

  async block(name: string, text: string): Promise<void> {
    if (name !== 'xml') {
      for (const line of text.split('\n')) await this.say(`l ${line}`);
      await this.say(`o ${name}`);
      return;
    }
    await this.say(`b ${name}`);
    this.stream.push(text);
    await this.say('e');
  }

  async say(line: string): Promise<void> {
    this.stream.push(`\n${this.marker} ${line}\n`);
    await settled();
  }

  /** The loop that was asked for last ends. */
  async loopEnds(): Promise<void> {
    await this.say(`x ${[...this.questions('loop'), ...this.questions('again')].length}`);
  }

  /** The questions of one kind. */
  questions(word: string): string[] {
    return this.asked.filter(line => line === word || line.startsWith(`${word} `));
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

  forwardSocket(): Promise<Duplex> {
    return Promise.reject(new Error('No sockets here.'));
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
