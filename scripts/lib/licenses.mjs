/** The licences of what the bundles contain, read from esbuild's own account of what went in. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE_OF_FILE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const LICENSE_FILE = /^(licen[cs]e|copying|notices?|copyrightnotice)([.-].*)?$/i;

/**
 * One text with the full licence of each package that is in a bundle. Throws when a package comes without one.
 * @param {Record<string, { inputs: Record<string, { bytesInOutput: number }> }>} outputs of esbuild's metafiles
 */
export function licenseText(outputs) {
  const packages = bundledPackages(outputs).map(describe);
  const list = packages.map(({ name, version, license }) => `- ${name} ${version} (${license})`);
  const sections = packages.map(({ name, version, texts }) => [`${name} ${version}`, ...texts].join('\n\n'));
  const rule = `\n\n${'-'.repeat(80)}\n\n`;
  const intro = `This extension contains the following packages. Their licences are below.\n\n${list.join('\n')}`;
  return `${[intro, ...sections].join(rule)}\n`;
}

/** Folders of the packages that gave at least one byte to an output. */
function bundledPackages(outputs) {
  const inputs = Object.values(outputs).flatMap(output => Object.entries(output.inputs));
  const folders = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => PACKAGE_OF_FILE.exec(path)?.[1])
    .filter(folder => folder !== undefined);
  return [...new Set(folders)].sort();
}

function describe(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const { name, version } = manifest;
  const license = manifest.license ?? manifest.licenses?.map(({ type }) => type).join(', ');
  const files = readdirSync(folder).filter(file => LICENSE_FILE.test(file));
  const texts = files.map(file => readFileSync(join(folder, file), 'utf8').replace(/\r\n/g, '\n').trim());
  if (texts.length > 0) return { name, version, license, texts };
  // some packages name the MIT licence in their manifest and leave its text out
  if (license !== 'MIT') throw new Error(`${name} ${version} is bundled, but no licence text comes with it.`);
  const author = manifest.author?.name ?? String(manifest.author ?? `the authors of ${name}`).replace(/\s*[<(].*/, '');
  const mit = readFileSync('LICENSE', 'utf8').replace(/^Copyright .*$/m, `Copyright (c) ${author}`);
  return { name, version, license, texts: [mit.trim()] };
}
