/** `npm run package`: makes `out/dgx-spark-<version>.vsix` and refuses anything in it that does not belong there. */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDependencies } from './lib/dependencies.mjs';
import { licenseText } from './lib/licenses.mjs';
import { run } from './lib/run.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const MAX_BYTES = 3 * 1024 * 1024;
const VSCE = join('node_modules', '@vscode', 'vsce', 'vsce');
const ALLOWED = [
  /^(package(\.nls)?\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
  /^dist\/[\w-]+\.js$/,
  /^dist\/LICENSES\.txt$/,
  /^dist\/webview\/[\w-]+\.(js|css)$/,
  /^schemas\/[\w.]+\.json$/,
  /^media\/(walkthrough\/)?[\w-]+\.(png|svg|md)$/,
  /^media\/schemas\/[\w.-]+\.schema\.json$/,
];
const NEEDED = [
  'package.json',
  'package.nls.json',
  'README.md',
  'LICENSE',
  'dist/extension.js',
  'dist/lateFeatures.js',
  'dist/engine.js',
  'dist/LICENSES.txt',
];

await main().catch(error => {
  console.error(`[package] ${error.message}`);
  process.exit(1);
});

async function main() {
  const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));
  await ensureDependencies(say);
  say('building');
  await node('the build', ['esbuild.mjs', '--production']);
  writeFileSync(join('dist', 'LICENSES.txt'), licenseText(JSON.parse(readFileSync('out/bundles.json', 'utf8'))));
  checkContents((await node('vsce ls', [VSCE, 'ls', '--no-dependencies'])).trim().split('\n'));

  const file = join('out', `${name}-${version}.vsix`);
  mkdirSync('out', { recursive: true });
  rmSync(file, { force: true });
  const output = await node('vsce package', [
    VSCE,
    'package',
    '--no-dependencies',
    '--allow-missing-repository',
    '--no-rewrite-relative-links',
    ...['--out', file],
  ]);
  if (/warning/i.test(output)) throw new Error(`vsce warns:\n${output}`);
  const { size } = statSync(file);
  if (size > MAX_BYTES) throw new Error(`${file} has ${mebibytes(size)}; it must stay under ${mebibytes(MAX_BYTES)}`);
  say(`${file}, ${mebibytes(size)}`);
}

/** Throws when something is in the list that does not run, or something that must run is not. */
function checkContents(files) {
  const extra = files.filter(file => !ALLOWED.some(pattern => pattern.test(file)));
  const missing = NEEDED.filter(file => !files.includes(file));
  if (extra.length > 0) throw new Error(`these do not belong in the VSIX: ${extra.join(', ')}`);
  if (missing.length > 0) throw new Error(`these are missing from the VSIX: ${missing.join(', ')}`);
}

async function node(what, args) {
  const { code, output } = await run(process.execPath, args, { show: 'failure' });
  if (code !== 0) throw new Error(`${what} failed`);
  return output;
}

function mebibytes(bytes) {
  return `${(bytes / 1024 / 1024).toFixed(2)} MiB`;
}

function say(line) {
  console.log(`[package] ${line}`);
}
