import { spawn } from 'node:child_process';
import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as v from 'valibot';
import { errorInfoSchema } from '../shared/connection.js';
import { SparkError } from '../shared/errors.js';
import type { AttachOptions } from './types.js';

/** What an engine that runs as a process is told on its command line. Nothing in it is secret. */
export interface EngineArguments {
  readonly storageFolder: string;
  readonly extensionVersion: string;
  readonly lingerSeconds: number;
  readonly location: 'process' | 'window';
}

/** What `dist/engine.js` exports for the case that it runs inside an extension host. */
export interface EngineModule {
  startEngine(options: EngineArguments): Promise<{ stop(): Promise<void> }>;
}

/** First message of an engine process over the start-up channel, which it then closes. */
const startedSchema = v.variant('kind', [
  v.object({ kind: v.literal('ready') }),
  v.object({ kind: v.literal('failed'), error: errorInfoSchema }),
]);
export type StartReport = v.InferOutput<typeof startedSchema>;

/** Starting means loading one file and opening a database: far below this even on a busy machine. */
const START_TIMEOUT_MS = 20_000;

/**
 * For V8. A tunnel at full speed fills and drops buffers outside of its heap, which it counts: with a heap of its usual size it marks all of it
 * every 20 MiB, on every core (40 % of the CPU that the engine takes). With a small young generation it drops them there, at next to no cost, and
 * with room for the old one it marks seldom.
 */
export const MEMORY_FLAGS = ['--min-semi-space-size=1', '--max-semi-space-size=1', '--initial-heap-size=256'] as const;
/** How Node ends when it does not know a flag. */
const UNKNOWN_FLAG = 9;

/**
 * Starts the engine as `options.location` wants and resolves when its socket answers. The caller holds the start lock.
 * Rejects with the error that the engine reported, or `engineUnavailable`.
 */
export async function startEngine(options: AttachOptions): Promise<void> {
  if (options.location === 'window') {
    await startInside(options);
    return;
  }
  try {
    await startProcess(options, MEMORY_FLAGS).catch(async (error: unknown) => {
      if (!(error instanceof NoProcess) || error.exitCode !== UNKNOWN_FLAG) throw error;
      await startProcess(options, []);
    });
  } catch (error) {
    if (!(error instanceof NoProcess)) throw error;
    options.log('warn', `No process could be started (${error.message}); the engine runs inside this window.`);
    await startInside(options);
  }
}

/** The process could not be made at all, as opposed to an engine that started and reported a failure. */
class NoProcess extends Error {
  constructor(
    message: string,
    readonly exitCode?: number | null,
  ) {
    super(message);
  }
}

async function startProcess(options: AttachOptions, flags: readonly string[]): Promise<void> {
  const errors = openErrorLog(options.storageFolder);
  try {
    const words = [...flags, options.engineFile, JSON.stringify(argumentsOf(options, 'process'))];
    const child = spawn(process.execPath, words, {
      detached: true,
      windowsHide: true,
      cwd: options.storageFolder,
      env: cleanEnvironment(process.env),
      stdio: ['ignore', 'ignore', errors, 'ipc'],
    });
    const report = await new Promise<StartReport>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill();
        reject(new NoProcess('it did not answer in time'));
      }, START_TIMEOUT_MS);
      child.once('error', error => {
        clearTimeout(timer);
        reject(new NoProcess(error.message));
      });
      child.once('exit', code => {
        clearTimeout(timer);
        reject(new NoProcess(`it ended at once with code ${String(code)}`, code));
      });
      child.once('message', message => {
        clearTimeout(timer);
        const checked = v.safeParse(startedSchema, message);
        if (checked.success) resolve(checked.output);
        else reject(new NoProcess('it said something unexpected'));
      });
    });
    child.removeAllListeners();
    child.on('error', () => undefined);
    if (child.connected) child.disconnect();
    child.unref();
    if (report.kind === 'failed') throw new SparkError(report.error);
  } finally {
    closeSync(errors);
  }
}

/** What an engine that died said last stays readable when the next one is started. */
function openErrorLog(folder: string): number {
  const file = join(folder, 'engine.stderr.log');
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0)
    renameSync(file, join(folder, 'engine.stderr.previous.log'));
  return openSync(file, 'w', 0o600);
}

async function startInside(options: AttachOptions): Promise<void> {
  const engine = createRequire(options.engineFile)(options.engineFile) as EngineModule;
  const running = await engine.startEngine(argumentsOf(options, 'window'));
  options.signal.addEventListener('abort', () => void running.stop(), { once: true });
}

function argumentsOf(options: AttachOptions, location: 'process' | 'window'): EngineArguments {
  const { storageFolder, extensionVersion, lingerSeconds } = options;
  return { storageFolder, extensionVersion, lingerSeconds, location };
}

/**
 * The environment of the engine: the user's own, which agents and proxy commands need, without what steers Node or
 * belongs to the editor that happened to start it.
 */
export function cleanEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !/^(VSCODE|ELECTRON|NODE|npm|CODE_SERVER|MOCHA)_/i.test(name),
  );
  return { ...Object.fromEntries(kept), ELECTRON_RUN_AS_NODE: '1' };
}
