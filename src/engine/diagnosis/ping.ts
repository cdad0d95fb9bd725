import { execFile } from 'node:child_process';
import { isIP } from 'node:net';

const WAIT_SECONDS = 3;
/** For the program to start and end around it. */
const PROGRAM_MS = 2_000 + WAIT_SECONDS * 1_000;

/** `unavailable`: there is no ping program here, or it may not be used. */
export type PingAnswer = 'answers' | 'silent' | 'unavailable';

export interface PingOptions {
  readonly signal: AbortSignal;
  readonly platform?: NodeJS.Platform;
  /** Path of the program; by default the system's. */
  readonly program?: string;
}

/**
 * Asks once by ICMP whether a machine is there, through the system's own program, since a raw socket needs rights.
 * @param address an IP address, nothing else: it becomes an argument of a program
 */
export async function ping(address: string, options: PingOptions): Promise<PingAnswer> {
  const { signal, platform = process.platform } = options;
  const family = isIP(address);
  if (family === 0) return 'unavailable';
  const { file, args } = command(address, family, platform);
  return await new Promise(resolve => {
    execFile(
      options.program ?? file,
      args,
      { timeout: PROGRAM_MS, windowsHide: true, signal, maxBuffer: 64 * 1024, env: { ...process.env, LC_ALL: 'C' } },
      (error, stdout) => resolve(meaning(error, stdout, platform)),
    );
  });
}

function command(address: string, family: number, platform: NodeJS.Platform): { file: string; args: string[] } {
  switch (platform) {
    case 'win32':
      // by its full path: Windows would look into the current folder first
      return {
        file: `${process.env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\PING.EXE`,
        args: ['-n', '1', '-w', String(WAIT_SECONDS * 1000), address],
      };
    case 'darwin':
      // ping6 has no time limit of its own there
      return family === 6
        ? { file: '/sbin/ping6', args: ['-c', '1', address] }
        : { file: '/sbin/ping', args: ['-n', '-c', '1', '-t', String(WAIT_SECONDS), address] };
    default:
      return { file: 'ping', args: ['-n', '-c', '1', '-W', String(WAIT_SECONDS), address] };
  }
}

function meaning(
  error: (Error & { code?: unknown; killed?: boolean }) | null,
  stdout: string,
  platform: NodeJS.Platform,
): PingAnswer {
  // Windows counts an "unreachable" by some router as an answer; only a real one has a time
  if (!error) return platform === 'win32' && !/[=<] ?\d+ ?ms/i.test(stdout) ? 'silent' : 'answers';
  if (error.killed === true) return 'silent';
  // no answer: 1 from iputils, busybox and Windows, 2 from the BSDs and macOS, where iputils means that it could not ask
  return error.code === (platform === 'darwin' ? 2 : 1) ? 'silent' : 'unavailable';
}
