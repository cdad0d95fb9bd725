import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Packs the sample extension that uses the public API (`test/consumer`); answers the path of its VSIX. */
export function consumerVsix(): string {
  const folder = resolve('out', 'consumer');
  copyFileSync(join('test', 'consumer', 'package.json'), join(folder, 'package.json'));
  const file = join(folder, 'consumer.vsix');
  const vsce = resolve('node_modules', '@vscode', 'vsce', 'vsce');
  const quietly = ['--no-dependencies', '--allow-missing-repository', '--skip-license'];
  execFileSync(process.execPath, [vsce, 'package', ...quietly, '--out', file], { cwd: folder, stdio: 'pipe' });
  return file;
}
