/** Builds everything that ships (`dist/`) and, with `--tests`, the bundles that mocha runs (`out/`). */
import { build } from 'esbuild';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const production = process.argv.includes('--production');
const withTests = process.argv.includes('--tests');

/** ssh2 looks for optional native modules; none may ship, so looking for one fails as if it were not installed. */
const withoutNativeModules = {
  name: 'without-native-modules',
  setup(plugin) {
    plugin.onResolve({ filter: /\.node$|^cpu-features$/ }, args => ({ path: args.path, namespace: 'native' }));
    plugin.onLoad({ filter: /.*/, namespace: 'native' }, args => ({
      contents: `throw new Error(${JSON.stringify(`${args.path} is not part of this build`)});`,
    }));
  },
};

/** ssh2 gets a crypto module that makes one key object a key, not one a packet; see there. */
const fasterKeys = {
  name: 'faster-keys',
  setup(plugin) {
    plugin.onResolve({ filter: /^(node:)?crypto$/ }, args =>
      /[\\/]node_modules[\\/]ssh2[\\/]/.test(args.importer)
        ? { path: join(process.cwd(), 'src', 'engine', 'ssh', 'ssh2Crypto.ts') }
        : undefined,
    );
  },
};
/** What is loaded after activation is a bundle of its own, beside the first; see there. */
const lateFeatures = {
  name: 'late-features',
  setup(plugin) {
    plugin.onResolve({ filter: /\/lateFeatures\.js$/ }, () => ({ path: './lateFeatures.js', external: true }));
  },
};
const forSsh2 = [withoutNativeModules, fasterKeys];

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  sourcemap: production ? false : 'linked',
  minify: production,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  loader: { '.wasm': 'binary' },
  define: { 'process.env.NODE_ENV': JSON.stringify(production ? 'production' : 'development') },
};
const version = JSON.parse(readFileSync('package.json', 'utf8')).version;
/** VS Code 1.100 runs extensions on Node 20. */
const node = {
  ...common,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  define: { ...common.define, EXTENSION_VERSION: JSON.stringify(version) },
};

const shipped = [
  {
    ...node,
    entryPoints: ['src/extension.ts'],
    outfile: 'dist/extension.js',
    external: ['vscode'],
    plugins: [lateFeatures],
  },
  { ...node, entryPoints: ['src/vscode/lateFeatures.ts'], outfile: 'dist/lateFeatures.js', external: ['vscode'] },
  { ...node, entryPoints: ['src/engine/main.ts'], outfile: 'dist/engine.js', plugins: forSsh2 },
  {
    ...common,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryPoints: { panel: 'webview/main.tsx', chains: 'webview/chains/main.tsx' },
    outdir: 'dist/webview',
  },
];

const targets = [...shipped];
if (withTests) {
  const found = (folder, ending) =>
    existsSync(folder)
      ? readdirSync(folder, { recursive: true })
          .map(name => join(folder, String(name)))
          .filter(name => name.endsWith(ending))
      : [];
  // no `external: ['vscode']` here: a stray import below the thin layer breaks this build
  const plain = ['unit', 'integration', 'workbench', 'webview'].flatMap(kind => found(join('test', kind), '.test.ts'));
  targets.push({
    ...node,
    minify: false,
    sourcemap: 'inline',
    entryPoints: [
      ...plain,
      ...found('test/spark', 'main.ts'),
      ...found('test/faults', 'main.ts'),
      ...found('test/bench', '.bench.ts'),
      ...found('test', '.process.ts'),
      ...found('test/webview', 'screenshots.ts'),
    ],
    outbase: 'test',
    outdir: 'out',
    plugins: forSsh2,
    external: ['playwright-core', 'axe-core'],
  });
  targets.push({
    ...node,
    minify: false,
    entryPoints: ['test/consumer/extension.ts'],
    outdir: 'out/consumer',
    external: ['vscode'],
  });
  const host = found('test/host', '.host.ts');
  if (host.length > 0)
    targets.push({
      ...node,
      minify: false,
      entryPoints: ['test/host/index.ts', ...found('test/host', '.host.ts')],
      outbase: 'test',
      outdir: 'out',
      external: ['vscode', 'mocha'],
    });
}

rmSync('dist', { recursive: true, force: true });
if (withTests) rmSync('out', { recursive: true, force: true });
const results = await Promise.all(targets.map(build));
const outputs = Object.assign({}, ...results.slice(0, shipped.length).map(result => result.metafile.outputs));
// scripts/package.mjs reads from this whose licences must go along
mkdirSync('out', { recursive: true });
writeFileSync('out/bundles.json', JSON.stringify(outputs));
const size = outputs['dist/extension.js'].bytes;
if (production && size > 150 * 1024) {
  console.error(`dist/extension.js has ${size} bytes; it must stay under 150 KiB so that activation is not felt.`);
  process.exit(1);
}
