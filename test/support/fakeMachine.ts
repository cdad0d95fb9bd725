import { Emitter } from '../../src/engine/base/emitter.js';
import type { LoginPrompts, SshConnector, SshSession } from '../../src/engine/ssh/types.js';
import type { ErrorInfo } from '../../src/shared/errors.js';

/** A machine whose logins the test decides one by one. */
export class FakeMachine implements SshConnector {
  attempts = 0;
  login: (prompts: LoginPrompts, signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  ends: Emitter<ErrorInfo>[] = [];
  disposed = 0;
  /** How often a session was asked for a sign of life. */
  checks = 0;

  async open(
    _target: unknown,
    prompts: LoginPrompts,
    { signal, onStep }: { signal: AbortSignal; onStep: (step: string) => void },
  ): Promise<SshSession> {
    this.attempts += 1;
    onStep('Logging in');
    await this.login(prompts, signal);
    const end = new Emitter<ErrorInfo>();
    this.ends.push(end);
    return {
      route: { username: 'nvidia', hostname: 'spark.local', port: 22, address: '10.0.0.7', words: 'spark.local' },
      check: () => {
        this.checks += 1;
      },
      onDidEnd: end.event,
      spawn: () => Promise.reject(new Error('not here')),
      terminal: () => Promise.reject(new Error('not here')),
      sftp: () => Promise.reject(new Error('not here')),
      forward: () => Promise.reject(new Error('not here')),
      forwardSocket: () => Promise.reject(new Error('not here')),
      dispose: () => {
        this.disposed += 1;
      },
    };
  }

  loseLink(): void {
    this.ends.at(-1)!.fire({ code: 'connectionLost', message: 'The link was lost.' });
  }
}
