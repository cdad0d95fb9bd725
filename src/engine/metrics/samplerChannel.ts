import { randomBytes } from 'node:crypto';
import type { Disposable } from '../base/disposable.js';
import { printable } from '../base/remoteText.js';
import type { RemoteProcess, SshSession } from '../ssh/types.js';
import { type Frame, FrameReader } from './frames.js';
import { type Question, questionLine, remoteScript, USUAL_FOLDERS } from './remoteScript.js';

/** Nobody guesses it, and it stands in every line. */
const MARKER_BYTES = 6;
/** Enough of what the remote shell complains about to understand it. */
const MAX_COMPLAINT_LENGTH = 300;

export interface ChannelListener {
  onFrame(frame: Frame): void;
  /** The channel has ended by itself; said once. `reason` is for the log. */
  onEnd(reason: string): void;
}

/** One remote shell that runs {@link remoteScript}. */
export class SamplerChannel implements Disposable {
  private ended = false;
  private complaint = '';

  /** Rejects as {@link SshSession.spawn} does. */
  static async open(session: SshSession, listener: ChannelListener): Promise<SamplerChannel> {
    const marker = randomBytes(MARKER_BYTES).toString('hex');
    const argv = ['sh', '-c', remoteScript, 'dgx-spark-sampler', marker, USUAL_FOLDERS];
    return new SamplerChannel(await session.spawn(argv), marker, listener);
  }

  private constructor(
    private readonly remote: RemoteProcess,
    marker: string,
    private readonly listener: ChannelListener,
  ) {
    const reader = new FrameReader(marker, frame => {
      if (!this.ended) listener.onFrame(frame);
    });
    remote.stream.on('data', (chunk: Buffer) => {
      if (!this.ended) reader.push(chunk);
    });
    remote.stream.on('error', (error: Error) => {
      this.end(error.message);
    });
    remote.stderr.on('data', (chunk: Buffer) => {
      if (this.complaint.length < MAX_COMPLAINT_LENGTH)
        this.complaint += chunk.toString('utf8', 0, MAX_COMPLAINT_LENGTH);
    });
    remote.stderr.on('error', () => undefined);
    remote.exited.then(
      ({ code, signal }) => {
        this.end(signal === null ? `status ${code ?? 'unknown'}` : `signal ${signal}`);
      },
      (error: unknown) => {
        this.end(error instanceof Error ? error.message : String(error));
      },
    );
  }

  ask(question: Question): void {
    if (this.ended || !this.remote.stream.writable) return;
    this.remote.stream.write(`${questionLine(question)}\n`);
  }

  dispose(): void {
    this.ended = true;
    this.remote.dispose();
  }

  private end(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    const complaint = printable(this.complaint, MAX_COMPLAINT_LENGTH);
    this.remote.dispose();
    this.listener.onEnd(complaint === '' ? printable(reason) : `${printable(reason)}: ${complaint}`);
  }
}
