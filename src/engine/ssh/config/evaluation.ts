import { SparkError } from '../../../shared/errors.js';
import { CANCELLED } from '../networkErrors.js';
import { canonicalName } from './address.js';
import { type ConfigFiles, UnreadableConfig } from './configFiles.js';
import { applyDirective, wordsOf } from './directive.js';
import { expandTokens, type Tokens, tokensOf } from './expansion.js';
import { includedFiles } from './include.js';
import type { ConfigLine } from './lexer.js';
import { hostApplies, matchApplies } from './match.js';
import { ConfigFault, type ConfigProblem, type Place, problemAt } from './problem.js';
import type { Settings } from './settings.js';
import { checkForShell } from './shellSafety.js';
import type { SshConfigSurroundings } from './surroundings.js';

/** READCONF_MAX_DEPTH of OpenSSH. */
const MAX_DEPTH = 16;
/** So that files which include each other twice come to an end. */
const MAX_FILES = 1000;
const DEFAULT_PORT = 22;

export interface EvaluationOptions {
  readonly surroundings: SshConfigSurroundings;
  readonly files: ConfigFiles;
  readonly signal: AbortSignal;
  /** Told of everything that OpenSSH would refuse. When it returns, the line is passed over. */
  report(problem: ConfigProblem): void;
  /** Told of each Host line. */
  onHost?(patterns: readonly string[], place: Place, applies: boolean): void;
}

/** What the files say about a host. */
export interface Evaluated {
  readonly settings: Settings;
  readonly hostname: string;
  readonly hostKeyAlias: string | undefined;
  readonly tokens: Tokens;
  readonly skippedExec: boolean;
  readonly files: readonly string[];
}

/** One file on the way through all of them. */
interface Reading {
  readonly isUser: boolean;
  readonly mustBeSafe: boolean;
  readonly depth: number;
  /** False in what is included where nothing applies: it is only checked. */
  readonly reachable: boolean;
}

/**
 * Goes through the user's file and then the system's, as OpenSSH does: once for the name that was given, and, where `Match final` or
 * CanonicalizeHostname ask for it, once more for the name that has come out.
 * @param settings what the caller has set, which nothing replaces
 */
export async function evaluate(host: string, settings: Settings, options: EvaluationOptions): Promise<Evaluated> {
  const evaluation = new Evaluation(host, settings, options);
  await evaluation.readAll();
  return evaluation.result();
}

class Evaluation {
  private final = false;
  /** What the first time through the files has brought; after that nothing changes it. */
  private fixedHostname: string | undefined;
  private wantsFinal = false;
  private skippedExec = false;
  private visits = 0;
  private readonly filesRead = new Set<string>();

  constructor(
    private readonly originalHost: string,
    private readonly settings: Settings,
    private readonly options: EvaluationOptions,
  ) {}

  async readAll(): Promise<void> {
    await this.readFiles();
    this.fixedHostname = canonicalName(this.expandHostname());
    if (!this.wantsFinal && this.settings.get('canonicalizehostname')?.value !== true) return;
    this.final = true;
    await this.readFiles();
  }

  result(): Evaluated {
    const hostKeyAlias = this.settings.get('hostkeyalias')?.value.toLowerCase();
    return {
      settings: this.settings,
      hostname: this.hostname,
      hostKeyAlias,
      tokens: this.tokens(hostKeyAlias ?? this.originalHost),
      skippedExec: this.skippedExec,
      files: [...this.filesRead],
    };
  }

  private async readFiles(): Promise<void> {
    const { userFile, systemFile } = this.options.surroundings;
    this.visits = 0;
    for (const file of [userFile, systemFile]) {
      const isUser = file === userFile;
      try {
        await this.readFile(file, { isUser, mustBeSafe: isUser, depth: 0, reachable: true });
      } catch (error) {
        // OpenSSH does without a system file that the user may not read
        if (!isUser && error instanceof UnreadableConfig) continue;
        this.report({ file, line: undefined }, error);
      }
    }
  }

  private async readFile(file: string, reading: Reading): Promise<void> {
    if (this.options.signal.aborted) throw new SparkError(CANCELLED);
    if (++this.visits > MAX_FILES)
      throw new ConfigFault(`More than ${MAX_FILES} files are included.`, 'Look for files that include each other.');
    const lines = await this.options.files.read(file, reading.mustBeSafe);
    if (lines === undefined) return;
    this.filesRead.add(file);
    let applies = reading.reachable;
    for (const line of lines) {
      const place = { file, line: line.line };
      try {
        const next = this.readLine(line, place, applies, reading);
        // most lines keep nobody waiting, and there may be many
        applies = typeof next === 'boolean' ? next : await next;
      } catch (error) {
        if (line.keyword === 'host' || line.keyword === 'match') applies = false;
        this.report(place, error);
      }
    }
  }

  /** @returns whether what follows applies */
  private readLine(line: ConfigLine, place: Place, applies: boolean, reading: Reading): boolean | Promise<boolean> {
    switch (line.keyword) {
      case 'host': {
        const patterns = wordsOf(line);
        const matches = hostApplies(patterns, this.final ? this.hostname : this.originalHost) && reading.reachable;
        this.options.onHost?.(patterns, place, matches);
        return matches;
      }
      case 'match':
        return this.matchApplies(wordsOf(line), reading.reachable);
      case 'include':
        return this.include(wordsOf(line), applies, reading);
      default:
        applyDirective(line, place, applies, this.settings, this.options.surroundings.env);
        return applies;
    }
  }

  /** @returns `applies`: what is included changes nothing about what follows */
  private async include(names: readonly string[], applies: boolean, reading: Reading): Promise<boolean> {
    if (names.includes('')) throw new ConfigFault('The name of an included file is empty.');
    const depth = reading.depth + 1;
    for (const name of names) {
      const tokens = name.includes('%') ? this.tokens() : {};
      for (const file of await includedFiles(name, reading.isUser, tokens, this.options.surroundings)) {
        if (depth > MAX_DEPTH)
          throw new ConfigFault(
            `Files include each other more than ${MAX_DEPTH} deep.`,
            'Look for a file that includes itself, perhaps through others.',
          );
        await this.readFile(file, { ...reading, mustBeSafe: true, depth, reachable: applies });
      }
    }
    return applies;
  }

  private async matchApplies(words: readonly string[], reachable: boolean): Promise<boolean> {
    const { userName, localAddresses } = this.options.surroundings;
    const applies = await matchApplies(words, {
      host: this.hostname,
      originalHost: this.originalHost,
      user: this.user,
      localUser: userName,
      tag: this.settings.get('tag')?.value ?? '',
      localAddresses,
      final: this.final,
      wantFinal: () => {
        this.wantsFinal = true;
      },
      exec: (command, needed) => this.exec(command, needed && reachable),
    });
    return applies && reachable;
  }

  private async exec(command: string, needed: boolean): Promise<boolean | undefined> {
    const { surroundings, signal } = this.options;
    const expanded = expandTokens(command, this.tokens(), needed ? checkForShell : undefined);
    if (!needed) return false;
    if (surroundings.exec === undefined) {
      this.skippedExec = true;
      return undefined;
    }
    if (signal.aborted) throw new SparkError(CANCELLED);
    return surroundings.exec(expanded, signal);
  }

  /** As far as it is known by now. */
  private get hostname(): string {
    if (this.fixedHostname !== undefined) return this.fixedHostname;
    const written = this.settings.get('hostname');
    return written === undefined ? this.originalHost : expandTokens(written.value, { h: this.originalHost });
  }

  private expandHostname(): string {
    try {
      return this.hostname;
    } catch (error) {
      this.report(this.settings.get('hostname')?.at ?? { file: this.options.surroundings.userFile }, error);
      return this.originalHost;
    }
  }

  private get user(): string {
    return this.settings.get('user')?.value ?? this.options.surroundings.userName;
  }

  private tokens(keyAlias = this.settings.get('hostkeyalias')?.value ?? this.hostname): Tokens {
    const proxy = this.settings.proxy?.value;
    return tokensOf({
      hostname: this.hostname,
      originalHost: this.originalHost,
      port: this.settings.get('port')?.value ?? DEFAULT_PORT,
      user: this.user,
      keyAlias,
      jumpHost: proxy?.kind === 'jump' ? (proxy.hops.at(-1)?.host ?? '') : '',
      local: this.options.surroundings,
    });
  }

  private report(place: { file: string; line?: number | undefined }, error: unknown): void {
    if (!(error instanceof ConfigFault)) throw error;
    this.options.report(problemAt(place, error));
  }
}
