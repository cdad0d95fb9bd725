import { createContext, type Context, Script } from 'node:vm';

const call = new Script('work()');

/**
 * Runs a function that may take for ever on hostile input (a regular expression), and ends it after some time. The
 * functions are our own: nothing of a file is run as code.
 */
export class TimeLimit {
  private readonly context: Context = createContext({ work: undefined });

  constructor(private readonly ms: number) {}

  /** What `work` returns; undefined when it took too long. What it throws is thrown. */
  run<T>(work: () => T): { readonly value: T } | undefined {
    this.context['work'] = work;
    try {
      return { value: call.runInContext(this.context, { timeout: this.ms }) as T };
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
      throw error;
    } finally {
      this.context['work'] = undefined;
    }
  }
}
