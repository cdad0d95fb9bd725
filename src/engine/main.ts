import process from 'node:process';
import type { EngineArguments, EngineModule, StartReport } from '../link/startEngine.js';
import { storageProblem } from '../link/storageProblem.js';
import { SparkError } from '../shared/errors.js';
import { CrashGuard } from './crashGuard.js';
import { Engine } from './engine.js';

/** Starts an engine in this process; resolves when windows can attach. Rejects with what keeps it from working. */
export const startEngine: EngineModule['startEngine'] = async options => await Engine.start(options);

/** An end that takes longer than this has met a disk that hangs; what was acknowledged is in the journal. */
const LONGEST_END_MS = 15_000;

/** Reports to the window that started this process, then closes the channel: the window may go away, we stay. */
function report(message: StartReport, then: () => void = () => undefined): void {
  if (!process.send) {
    then();
    return;
  }
  process.send(message, () => {
    if (process.connected) process.disconnect();
    then();
  });
}

async function runAsProcess(options: EngineArguments): Promise<void> {
  process.umask(0o077);
  try {
    const engine = await Engine.start(options);
    const stop = () => {
      setTimeout(() => process.exit(1), LONGEST_END_MS).unref();
      void engine.stop();
    };
    const guard = new CrashGuard(error => {
      console.error(error instanceof Error ? error.stack : error);
      engine.reportUnexpected(error);
    }, stop);
    // promises that nobody waits for come here too
    process.on('uncaughtException', error => {
      guard.caught(error);
    });
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    process.on('SIGHUP', stop);
    report({ kind: 'ready' });
    await engine.stopped;
    process.exit(0);
  } catch (error) {
    report({ kind: 'failed', error: SparkError.toInfo(storageProblem(options.storageFolder, error)) }, () =>
      process.exit(1),
    );
  }
}

// bundled as CommonJS: true when this file is the program, false when an extension host requires it
if (require.main === module) void runAsProcess(JSON.parse(process.argv[2] ?? '{}') as EngineArguments);
