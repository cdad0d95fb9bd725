/** A desktop VS Code: the user's own `code`, or one that is downloaded into the cache. */
import { join } from 'node:path';
import { findOnPath } from './programs.mjs';
import { run } from './run.mjs';
import { cacheFolder } from './vscodeServer.mjs';

/** Why no window can open on this machine, or undefined. */
export function whyNoDesktop() {
  if (process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY) return undefined;
  return 'there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)';
}

/** Electron does not run as root without this. */
export function rootArguments() {
  return process.getuid?.() === 0 ? ['--no-sandbox'] : [];
}

/**
 * The `code` on PATH: `run(args)` runs its command line to the end and answers `{ code, output }`, `window` is the command
 * that opens a window and lives as long as it. Undefined without one, and on Windows, where `code` is a batch file whose
 * window outlives it.
 */
export function installedVsCode() {
  const code = process.platform === 'win32' ? undefined : findOnPath('code');
  if (code === undefined) return undefined;
  return { run: args => run(code, [...args, ...rootArguments()], { show: 'nothing' }), window: [code, '--wait'] };
}

/**
 * Downloads VS Code (once; about 150 MB) with `@vscode/test-electron`. Rejects when the download site cannot be reached.
 * @returns like {@link installedVsCode}, and `executable`
 */
export async function downloadedVsCode() {
  const { default: testElectron } = await import('@vscode/test-electron');
  const options = {
    version: 'stable',
    cachePath: join(cacheFolder(), 'vscode'),
    reporter: new testElectron.SilentReporter(),
    reuseMachineInstall: true,
  };
  const executable = await testElectron.downloadAndUnzipVSCode(options);
  const runCommand = async args => {
    try {
      const { stdout, stderr } = await testElectron.runVSCodeCommand([...args, ...rootArguments()], options);
      return { code: 0, output: `${stdout}${stderr}` };
    } catch (error) {
      return { code: error.exitCode ?? 1, output: `${error.stdout ?? ''}${error.stderr ?? error.message}` };
    }
  };
  return { executable, run: runCommand, window: [executable] };
}
