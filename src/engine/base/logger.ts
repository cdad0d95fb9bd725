export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Where the engine says what it does. Messages never hold a secret: those are {@link Secret}s, which print as `***`. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  /** A logger whose lines carry the name of an area, e.g. `ssh:spark-1`. */
  scope(name: string): Logger;
}

/** Makes a logger from one function that takes a line. */
export function createLogger(
  write: (level: LogLevel, scope: string, message: string) => void,
  scope = 'engine',
): Logger {
  const at = (level: LogLevel) => (message: string) => {
    write(level, scope, message);
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    scope: name => createLogger(write, name),
  };
}

/** Says nothing. */
export const nullLogger: Logger = createLogger(() => undefined);
