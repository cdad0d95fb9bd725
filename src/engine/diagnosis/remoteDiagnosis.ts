import { randomBytes } from 'node:crypto';
import type { ErrorInfo } from '../../shared/errors.js';
import { SparkError } from '../../shared/errors.js';
import { type Clock, systemClock } from '../base/clock.js';
import { printable } from '../base/remoteText.js';
import type { Run } from '../ssh/run.js';
import type { SshSession } from '../ssh/types.js';
import { asTitle, type Finding, finding } from './finding.js';
import { clockFinding, diskFinding, memoryFinding, systemFinding } from './machineFindings.js';
import { forwardingFinding, ollamaFinding } from './ollamaFindings.js';
import { askOllama } from './ollamaProbe.js';
import { dockerFinding, gpuFinding } from './programFindings.js';
import { type Answers, readAnswers } from './remoteAnswers.js';
import { remoteScript, USUAL_FOLDERS } from './remoteScript.js';

/** Enough for each of the programs to be ended for being too slow. */
const TIMEOUT_MS = 45_000;
const MAX_BYTES = 256 * 1024;

export interface RemoteDiagnosisParts {
  /** Runs a program to its end over a session. */
  readonly run: Run;
  /** What nvidia-smi means by what it prints when it fails. */
  readonly explainNvidiaSmi: (status: number, output: string) => ErrorInfo;
  readonly clock?: Clock;
}

/**
 * Looks around on a machine over a session that is logged in, with one program: system, clock, memory, disk, GPU, Docker, forwarding, Ollama, one
 * finding each in this order. Nothing on the machine is changed. Rejects when the session is over, and with `cancelled`.
 */
export async function diagnoseRemote(
  session: SshSession,
  options: { ollamaPort: number; signal: AbortSignal },
  parts: RemoteDiagnosisParts,
): Promise<Finding[]> {
  const { clock = systemClock } = parts;
  const { ollamaPort, signal } = options;
  const [looked, ollama] = await Promise.all([
    lookAround(session, ollamaPort, signal, parts.run, clock),
    askOllama(session, ollamaPort, { clock, signal }),
  ]);
  const { answers } = looked;
  return [
    looked.failure ?? systemFinding(answers),
    clockFinding(answers.get('clock'), looked.asked, looked.heard),
    memoryFinding(answers.get('memory')),
    diskFinding(answers.get('disk')),
    gpuFinding(answers.get('gpu'), parts.explainNvidiaSmi),
    dockerFinding(answers),
    forwardingFinding(ollama),
    ollamaFinding(ollama, answers, ollamaPort),
  ];
}

interface Looked {
  readonly answers: Answers;
  /** When the script was asked for and when the first of its answers came, milliseconds since 1970-01-01 UTC. */
  readonly asked: number;
  readonly heard: number | undefined;
  /** Why there are no answers at all. */
  readonly failure?: Finding;
}

async function lookAround(
  session: SshSession,
  port: number,
  signal: AbortSignal,
  run: Run,
  clock: Clock,
): Promise<Looked> {
  const marker = randomBytes(16).toString('hex');
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const argv = ['sh', '-c', remoteScript, 'dgx-spark-diagnosis', marker, String(port), hex, USUAL_FOLDERS];
  const asked = clock.now();
  let heard: number | undefined;
  let beginning = '';
  const onOutput = (chunk: Buffer) => {
    if (heard !== undefined) return;
    beginning = (beginning + chunk.toString('latin1')).slice(-MAX_BYTES);
    if (beginning.includes(`${marker} e clock`)) heard = clock.now();
  };
  try {
    const result = await run(session, argv, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, signal, clock, onOutput });
    const answers = readAnswers(result.stdout, marker);
    if (answers.size > 0) return { answers, asked, heard };
    const said = printable(result.stderr === '' ? result.stdout : result.stderr, 200);
    return { answers, asked, heard, failure: nothing('The machine does not run what it is asked to', said) };
  } catch (error) {
    if (!SparkError.is(error, 'remoteCommandFailed')) throw error;
    return { answers: new Map(), asked, heard, failure: nothing(asTitle(error.message), undefined, error.hint) };
  }
}

function nothing(title: string, detail: string | undefined, hint?: string): Finding {
  return finding('System', 'problem', title, {
    detail,
    hint:
      hint ??
      'The login needs a POSIX shell, as on Linux: check the shell of the user and "ForceCommand" of the SSH server.',
  });
}
