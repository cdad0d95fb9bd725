import { setImmediate } from 'node:timers/promises';
import { ConfigFiles } from './configFiles.js';
import { evaluate, type EvaluationOptions } from './evaluation.js';
import type { ConfigProblem, Place } from './problem.js';
import { Settings } from './settings.js';
import type { SshConfigSurroundings } from './surroundings.js';
import type { ListedHost } from './types.js';

/** More than anybody picks from; each is looked up in all files. */
const MAX_HOSTS = 1000;
const DEFAULT_PORT = 22;

/**
 * The hosts that the user's and the system's ssh_config(5) name, in the order in which they stand there: each alias once, none that is a pattern,
 * none that is included where it cannot apply. Runs no command, and never rejects because of what the files say: that is in `problems`.
 */
export async function listHosts(
  surroundings: SshConfigSurroundings,
): Promise<{ hosts: readonly ListedHost[]; problems: readonly ConfigProblem[] }> {
  const problems = new Map<string, ConfigProblem>();
  const options: EvaluationOptions = {
    surroundings: { ...surroundings, exec: undefined },
    files: new ConfigFiles(surroundings.uid),
    signal: new AbortController().signal,
    report: problem => problems.set(`${problem.file}:${problem.line ?? 0}:${problem.message}`, problem),
  };
  const aliases = await findAliases(options);
  if (aliases.length > MAX_HOSTS)
    options.report({
      file: surroundings.userFile,
      line: undefined,
      message: `The files name ${aliases.length} hosts; only the first ${MAX_HOSTS} are listed.`,
      hint: 'Enter the name of another one by hand.',
    });
  const hosts: ListedHost[] = [];
  for (const alias of aliases.slice(0, MAX_HOSTS)) {
    // a long list is not to hold up everything else
    await setImmediate();
    const host = await describe(alias, options);
    if (host !== undefined) hosts.push(host);
  }
  return { hosts, problems: [...problems.values()] };
}

/** Every name on a Host line that stands for one host. Reading the files for a host that does not exist passes all of them. */
async function findAliases(options: EvaluationOptions): Promise<readonly string[]> {
  const aliases = new Set<string>();
  await evaluate('', new Settings(), {
    ...options,
    onHost(patterns) {
      for (const pattern of patterns) if (!/^!|[*?]/.test(pattern)) aliases.add(pattern);
    },
  });
  return [...aliases];
}

/** @returns undefined when no line that names the alias applies to it */
async function describe(alias: string, options: EvaluationOptions): Promise<ListedHost | undefined> {
  let named: Place | undefined;
  const { settings, hostname, skippedExec } = await evaluate(alias, new Settings(), {
    ...options,
    onHost(patterns, place, applies) {
      if (applies && patterns.includes(alias)) named ??= place;
    },
  });
  if (named === undefined) return undefined;
  return {
    alias,
    hostname,
    user: settings.get('user')?.value,
    port: settings.get('port')?.value ?? DEFAULT_PORT,
    proxy: settings.proxy?.value.kind ?? 'none',
    ...named,
    skippedExec,
  };
}
