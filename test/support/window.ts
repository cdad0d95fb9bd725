import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { attachToEngine } from '../../src/link/attach.js';
import type { AttachOptions, EnginePeer } from '../../src/link/types.js';
import type { RunView } from '../../src/shared/chains.js';
import type { ConnectionView } from '../../src/shared/connection.js';
import type { Snapshot } from '../../src/shared/contract.js';
import type { Job } from '../../src/shared/jobs.js';
import type { ForwardTraffic } from '../../src/shared/forwards.js';
import type { Alert } from '../../src/shared/alerts.js';
import type { Sample } from '../../src/shared/metrics.js';
import type { ChatPart, Pull } from '../../src/shared/ollama.js';
import type { Project } from '../../src/shared/projects.js';
import type { Answer, Question } from '../../src/shared/questions.js';
import { DEFAULT_ENGINE_SETTINGS, type EngineSettings } from '../../src/shared/settings.js';
import type { TerminalEnd } from '../../src/shared/terminals.js';
import type { Transfer } from '../../src/shared/transfers.js';
import { untilEvent } from './until.js';

/** The engine as it ships. */
export const ENGINE_FILE = resolve('dist/engine.js');

/** A folder that stands for a product's global storage; short, since a socket lives in it. */
export function newStorage(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'dgxs-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface WindowOptions {
  readonly storage: string;
  readonly version?: string;
  readonly location?: AttachOptions['location'];
  readonly settings?: Partial<EngineSettings>;
  /** Answers what the engine asks; by default nothing is asked, and a question fails the test. */
  readonly answer?: (question: Question, signal: AbortSignal) => Answer | Promise<Answer>;
  readonly secrets?: Map<string, string>;
}

/** What an editor window is to the engine, without the editor. */
export class TestWindow {
  readonly questions: Question[] = [];
  readonly notices: string[] = [];
  readonly samples: Sample[] = [];
  readonly runs: RunView[] = [];
  readonly chainPulls: string[] = [];
  readonly alerts: Alert[] = [];
  readonly logLines: string[] = [];
  /** The last that was told of each forward. */
  readonly traffic = new Map<string, ForwardTraffic>();
  /** Each time that the pulls were told. */
  readonly pulls: Pull[][] = [];
  readonly chatParts: { streamId: string; part: ChatPart }[] = [];
  readonly containerChanges: string[] = [];
  readonly containerOutput: { streamId: string; text: string }[] = [];
  /** How often it was told that the models of a machine are others. */
  modelChanges = 0;
  transfers: Transfer[] = [];
  projects: Project[] = [];
  /** What each terminal has printed, and how it ended. */
  readonly printed = new Map<string, string>();
  readonly terminalEnds: TerminalEnd[] = [];
  /** All jobs, as they were told last. */
  jobs: readonly Job[] = [];
  /** How big the log of each job was told to be. */
  readonly logSizes = new Map<string, number>();
  snapshot: Snapshot | undefined;
  leader = false;
  peer!: EnginePeer;
  private readonly events = new EventEmitter();
  private readonly lifetime = new AbortController();

  private constructor(readonly secrets: Map<string, string>) {}

  static async open(options: WindowOptions): Promise<TestWindow> {
    const window = new TestWindow(options.secrets ?? new Map<string, string>());
    const happened = () => window.events.emit('event');
    window.peer = await attachToEngine(
      {
        storageFolder: options.storage,
        engineFile: ENGINE_FILE,
        extensionVersion: options.version ?? '0.1.0',
        location: options.location ?? 'process',
        lingerSeconds: options.settings?.lingerSeconds ?? 5,
        log: (_level, message) => window.logLines.push(message),
        signal: window.lifetime.signal,
      },
      {
        'question/ask': async (question, signal) => {
          window.questions.push(question);
          happened();
          if (!options.answer) throw new Error(`Nobody expected the question ${question.kind}.`);
          return await options.answer(question, signal);
        },
        'secrets/get': ({ key }) => window.secrets.get(key) ?? null,
        'secrets/store': ({ key, value }) => {
          window.secrets.set(key, value);
          return null;
        },
        'secrets/delete': ({ key }) => {
          window.secrets.delete(key);
          return null;
        },
      },
      {
        'state/changed': snapshot => {
          window.snapshot = snapshot;
          happened();
        },
        'metrics/sampled': sample => {
          window.samples.push(sample);
          happened();
        },
        'alerts/raised': alert => {
          window.alerts.push(alert);
          happened();
        },
        'forwards/traffic': traffic => {
          for (const one of traffic) window.traffic.set(one.id, one);
          happened();
        },
        'ollama/pulling': pulls => {
          window.pulls.push(pulls);
          happened();
        },
        'ollama/changed': () => {
          window.modelChanges += 1;
          happened();
        },
        'containers/changed': ({ connectionId }) => {
          window.containerChanges.push(connectionId);
          happened();
        },
        'containers/output': output => {
          window.containerOutput.push(output);
          happened();
        },
        'ollama/chatPart': part => {
          window.chatParts.push(part);
          happened();
        },
        'jobs/changed': ({ jobs }) => {
          window.jobs = jobs;
          happened();
        },
        'jobs/logGrew': ({ jobId, size }) => {
          window.logSizes.set(jobId, size);
          happened();
        },
        'chains/changed': run => {
          window.runs.push(run);
          happened();
        },
        'chains/pulling': ({ model, status }) => {
          window.chainPulls.push(`${model}: ${status}`);
          happened();
        },
        'client/leader': ({ leader }) => {
          window.leader = leader;
          happened();
        },
        'notice/show': ({ message }) => {
          window.notices.push(message);
          happened();
        },
        'log/line': ({ scope, message }) => {
          window.logLines.push(`[${scope}] ${message}`);
          happened();
        },
        'transfers/changed': ({ transfers }) => {
          window.transfers = transfers;
          happened();
        },
        'terminals/output': ({ terminalId, text }) => {
          window.printed.set(terminalId, (window.printed.get(terminalId) ?? '') + text);
          window.peer.notify('terminals/shown', { terminalId, characters: text.length });
          happened();
        },
        'terminals/ended': end => {
          window.terminalEnds.push(end);
          happened();
        },
        'projects/changed': ({ projects }) => {
          window.projects = projects;
          happened();
        },
      },
    );
    window.peer.closed.addEventListener('abort', happened);
    await window.peer.request('settings/set', { ...DEFAULT_ENGINE_SETTINGS, lingerSeconds: 5, ...options.settings });
    window.snapshot = await window.peer.request('state/get', {});
    return window;
  }

  async until<T>(what: string, read: (window: this) => T | undefined | false, timeoutMs?: number): Promise<T> {
    return await untilEvent(
      what,
      onEvent => this.onEvent(onEvent),
      () => read(this),
      timeoutMs,
    );
  }

  /** Told after each message of the engine; the result ends that. */
  onEvent(listener: () => void): () => void {
    this.events.on('event', listener);
    return () => this.events.off('event', listener);
  }

  connection(id: string): ConnectionView | undefined {
    return this.snapshot?.connections.find(connection => connection.id === id);
  }

  async enginePid(): Promise<number> {
    return (await this.peer.request('engine/info', {})).pid;
  }

  /** Closes the window as a user does: the engine lingers. */
  close(): void {
    this.peer.dispose();
    this.lifetime.abort();
  }

  /** Ends the engine, in an orderly way, and waits until it is gone. */
  async endEngine(): Promise<void> {
    const gone = this.until('the engine to end', () => this.peer.closed.aborted);
    await this.peer.request('engine/shutdown', {}).catch(() => undefined);
    await gone;
    this.close();
  }
}
