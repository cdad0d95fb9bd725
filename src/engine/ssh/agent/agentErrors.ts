import { SparkError } from '../../../shared/errors.js';
import { type AgentEndpoint, isPipe, nameOfAgent } from './endpoint.js';

/** An answer that the protocol does not allow. */
export class BadAnswer extends Error {}

/** Explains why an agent could not be asked. */
export function explainAgentError(error: unknown, endpoint: AgentEndpoint): SparkError {
  if (SparkError.is(error)) return error;
  const agent = nameOfAgent(endpoint);
  const make = (message: string, hint: string) =>
    new SparkError({ code: 'agentUnavailable', message: capitalised(message), hint }, { cause: error });
  // of reading, when the answer ends too early
  if (error instanceof BadAnswer || error instanceof RangeError)
    return make(`${agent} gives an answer that makes no sense.`, 'Check that what listens there is an SSH agent.');
  switch ((error as NodeJS.ErrnoException | undefined)?.code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ECONNREFUSED':
      return make(`${agent} is not running.`, howToStart(endpoint));
    case 'EACCES':
    case 'EPERM':
      return process.platform === 'win32' && endpoint.kind === 'socket' && !isPipe(endpoint.path)
        ? make(
            `${agent} cannot be reached, because it is not a named pipe.`,
            'Use the OpenSSH agent of Windows or Pageant instead of the one of Git for Windows or Cygwin.',
          )
        : make(`${agent} may not be used by this user.`, 'Start an agent of your own, or correct its permissions.');
    case 'ETIMEDOUT':
      return make(`${agent} does not answer.`, 'It may be waiting for something on the screen; else start it again.');
    default:
      return make(`${agent} hung up without an answer.`, 'Start the agent again.');
  }
}

function howToStart(endpoint: AgentEndpoint): string {
  if (endpoint.kind === 'pageant') return 'Start Pageant; it can be reached from PuTTY 0.76 on.';
  if (endpoint.origin === 'default')
    return 'In PowerShell as administrator: "Set-Service ssh-agent -StartupType Automatic; Start-Service ssh-agent".';
  return endpoint.origin === 'setting'
    ? 'Start it, or correct IdentityAgent in ~/.ssh/config.'
    : 'Start it ("eval $(ssh-agent)") and then this editor, which reads SSH_AUTH_SOCK when it starts.';
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
