import { randomBytes } from 'node:crypto';
import { SparkError, type ErrorInfo } from '../../shared/errors.js';
import type { ModelList } from '../../shared/ollama.js';
import type { Clock } from '../base/clock.js';
import { printable } from '../base/remoteText.js';
import { readSections } from '../base/sections.js';
import { USUAL_FOLDERS } from '../base/usualFolders.js';
import type { Run } from '../ssh/run.js';
import type { SshSession } from '../ssh/types.js';

const TIMEOUT_MS = 12_000;
const MAX_BYTES = 32 * 1024;
/** As ollama.com says. */
const INSTALL = 'curl -fsSL https://ollama.com/install.sh | sh';
const START_SERVICE = 'sudo systemctl start ollama';
const START_BY_HAND = 'nohup ollama serve >/dev/null 2>&1 &';

/**
 * Finds out why nothing answers where Ollama should be: `sh -c <this> <name> <marker> <more folders for PATH>`. For any POSIX `sh`; one line, no single
 * quote, no `!`, no doubled backslash, since the login shell that unquotes it may be csh or fish.
 */
export const absenceScript = [
  'mark=$1; PATH="$PATH:$2"; LC_ALL=C; export PATH LC_ALL;',
  'limit() { command -v "$1" >/dev/null 2>&1 || return 127;',
  'if command -v timeout >/dev/null 2>&1; then timeout 4 "$@" </dev/null 2>/dev/null; else "$@" </dev/null 2>/dev/null; fi; };',
  'printf "\\n%s program\\n" "$mark"; command -v ollama;',
  'printf "\\n%s service\\n" "$mark"; limit systemctl list-unit-files --no-legend ollama.service;',
  'printf "\\n%s containers\\n" "$mark"; limit docker ps --format "{{.Names}} {{.Image}} {{.Ports}}" | grep -i ollama;',
  'printf "\\n%s end\\n" "$mark"',
].join(' ');

/** Why there is no Ollama, and what its user can do about it. */
export type Absence = Pick<ModelList, 'state' | 'error' | 'remedy'>;

/** Asks the machine, with one program. Rejects when the session is over, and with `cancelled`. */
export async function explainAbsence(
  session: SshSession,
  about: { readonly machine: string; readonly where: string },
  { run, clock, signal }: { readonly run: Run; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Absence> {
  const marker = randomBytes(16).toString('hex');
  const argv = ['sh', '-c', absenceScript, 'dgx-spark-ollama', marker, USUAL_FOLDERS];
  try {
    const { stdout } = await run(session, argv, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, signal, clock });
    return readAbsence(readSections(stdout, marker), about);
  } catch (error) {
    if (!SparkError.is(error, 'remoteCommandFailed')) throw error;
    return readAbsence(new Map(), about);
  }
}

/** Makes of the script's answer a sentence and a command. */
export function readAbsence(
  sections: ReadonlyMap<string, string>,
  { machine, where }: { readonly machine: string; readonly where: string },
): Absence {
  const error = (info: Omit<ErrorInfo, 'code'>, code: ErrorInfo['code']): ErrorInfo => ({ code, ...info });
  const container = elsewhere(sections.get('containers') ?? '');
  if (container !== undefined)
    return {
      state: 'stopped',
      error: error(
        {
          message: `Nothing answers at ${where} of ${machine}, but Ollama runs in the container "${container.name}".`,
          hint:
            container.port === undefined
              ? 'Publish its port 11434 on the machine, then enter that port in the connection.'
              : `Enter port ${container.port} under "Ollama on the Spark" in the connection.`,
        },
        'ollamaStopped',
      ),
    };
  if (!sections.has('end'))
    return {
      state: 'unreachable',
      error: error(
        {
          message: `Nothing answers at ${where} of ${machine}.`,
          hint: 'Start Ollama there, or check its port in the connection.',
        },
        'ollamaStopped',
      ),
    };
  const hasService = /\bollama\.service\b/.test(sections.get('service') ?? '');
  if (!hasService && (sections.get('program') ?? '') === '')
    return {
      state: 'missing',
      error: error(
        { message: `Ollama is not installed on ${machine}.`, hint: 'Run its installer there, in a terminal.' },
        'ollamaMissing',
      ),
      remedy: INSTALL,
    };
  return {
    state: 'stopped',
    error: error(
      {
        message: `Ollama is installed on ${machine} but does not answer at ${where}.`,
        hint: 'Start it there, in a terminal; if it listens elsewhere, enter where in the connection.',
      },
      'ollamaStopped',
    ),
    remedy: hasService ? START_SERVICE : START_BY_HAND,
  };
}

/** A container that looks like Ollama's, and the port of the machine that leads to it. */
function elsewhere(containers: string): { name: string; port: string | undefined } | undefined {
  const [, name, rest = ''] = /^(\S+) (.*)$/m.exec(containers) ?? [];
  if (name === undefined) return undefined;
  return { name: printable(name, 60), port: /:(\d{1,5})->11434\/tcp/.exec(rest)?.[1] };
}
