import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { installExtension, startServer, type RunningServer } from '../../../scripts/lib/vscodeServer.mjs';
import { endProcesses, processesOf, type ProcessInfo } from './processes.js';

/** Settings for a workbench that holds still, and for an engine that goes with its last window. */
const QUIET: Readonly<Record<string, unknown>> = {
  'dgxSpark.engine.lingerSeconds': 1,
  'editor.cursorBlinking': 'solid',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'remote.autoForwardPorts': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'window.autoDetectColorScheme': false,
  'window.autoDetectHighContrast': false,
  'window.restoreWindows': 'none',
  'workbench.enableExperiments': false,
  'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
};

export interface ProfileOptions {
  /** Path of the VSIX that is installed; none without. */
  readonly vsix?: string;
  /** Makes further ones that are installed after it. */
  readonly more?: () => readonly string[];
  /** Added to the settings that keep the workbench quiet; read when a window opens. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Turns on VS Code's smoke test driver, which in-host tests need. */
  readonly inHostTests?: boolean;
  /** A folder that is opened is not trusted before the user says so. */
  readonly workspaceTrust?: boolean;
  /** Variables for the server, its extension hosts and what they start. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A user of a computer of their own: a home folder (so `~/.ssh/known_hosts` is private), settings, extensions, and a VS
 * Code server that runs in them. Everything is in one temporary folder that `stop` deletes.
 */
export class Profile {
  private running: RunningServer | undefined;
  private port = 0;

  private constructor(
    readonly folder: string,
    private readonly options: ProfileOptions,
  ) {}

  static async start(options: ProfileOptions = {}): Promise<Profile> {
    // short: Unix sockets are made below it, and their paths may have about 100 bytes
    const profile = new Profile(mkdtempSync(join(tmpdir(), 'dgx-wb-')), options);
    mkdirSync(join(profile.home, '.ssh'), { recursive: true, mode: 0o700 });
    profile.writeSettings({
      ...QUIET,
      'security.workspace.trust.enabled': options.workspaceTrust ?? false,
      ...options.settings,
    });
    try {
      for (const vsix of [options.vsix, ...(options.more?.() ?? [])])
        if (vsix !== undefined) await installExtension({ ...profile.places(), vsix });
      await profile.startServer();
    } catch (error) {
      await profile.stop();
      throw error;
    }
    return profile;
  }

  /** `$HOME` of everything that runs in this profile. */
  get home(): string {
    return join(this.folder, 'home');
  }

  get knownHostsFile(): string {
    return join(this.home, '.ssh', 'known_hosts');
  }

  get settingsFile(): string {
    return join(this.folder, 'data', 'User', 'settings.json');
  }

  private get keybindingsFile(): string {
    return join(dirname(this.settingsFile), 'keybindings.json');
  }

  /** Storage of an extension that all windows share. */
  globalStorage(extensionId = 'dgx-spark.dgx-spark'): string {
    return join(this.folder, 'data', 'User', 'globalStorage', extensionId);
  }

  get server(): RunningServer {
    if (!this.running) throw new Error('The VS Code server of this profile is not running.');
    return this.running;
  }

  readSettings(): Record<string, unknown> {
    return JSON.parse(readFileSync(this.settingsFile, 'utf8')) as Record<string, unknown>;
  }

  /** Replaces the settings file. Open windows do not see it; the next one does. */
  writeSettings(settings: Readonly<Record<string, unknown>>): void {
    mkdirSync(dirname(this.settingsFile), { recursive: true });
    writeFileSync(this.settingsFile, `${JSON.stringify(settings, null, 2)}\n`);
  }

  writeKnownHosts(text: string): void {
    writeFileSync(this.knownHostsFile, text);
  }

  /**
   * Binds a key to commands with arguments, as a user's keybindings.json does; windows that open later know it. For what
   * a test needs but is not about.
   */
  bindKey(key: string, commands: readonly { readonly command: string; readonly args: unknown }[]): void {
    const bindings = existsSync(this.keybindingsFile)
      ? (JSON.parse(readFileSync(this.keybindingsFile, 'utf8')) as unknown[])
      : [];
    bindings.push({ key, command: 'runCommands', args: { commands } });
    writeFileSync(this.keybindingsFile, JSON.stringify(bindings, null, 2));
  }

  /** Starts the server after {@link stopServer}: the editor is opened again with the same profile. */
  async startServer(): Promise<void> {
    const { inHostTests = false, workspaceTrust = false } = this.options;
    this.running = await startServer({ ...this.places(), inHostTests, workspaceTrust, port: this.port });
    // the browser keeps secrets by address, port included
    this.port = Number(new URL(this.running.url).port);
  }

  /** Ends the server and its extension hosts, as killing the editor does. The engine lives on until it lingers out. */
  async stopServer(): Promise<void> {
    await this.running?.stop();
    this.running = undefined;
  }

  /** Engine processes of this profile that are alive. */
  engines(): ProcessInfo[] {
    // once it runs it carries its own title in place of its command line
    return this.processes().filter(({ args }) => args.some(arg => /^dgx-spark-engine|engine\.js$/.test(arg)));
  }

  /** Everything that runs with this profile's home. */
  processes(): ProcessInfo[] {
    return processesOf({ HOME: this.home });
  }

  /** Ends everything that runs in this profile and deletes it. */
  async stop(): Promise<void> {
    await this.stopServer();
    await endProcesses(() => this.processes());
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** What the server and the extension have logged, for a failed test. */
  logs(): string {
    const files = readdirSync(this.folder, { recursive: true, encoding: 'utf8' }).filter(file =>
      /^server\.log$|DGX Spark\.log$|engine\.stderr\.log$/.test(file),
    );
    return files.map(file => `== ${file}\n${readFileSync(join(this.folder, file), 'utf8')}`).join('\n');
  }

  private places(): { dir: string; extensionsDir: string; env: Record<string, string> } {
    return {
      dir: this.folder,
      extensionsDir: join(this.folder, 'extensions'),
      env: { ...this.options.env, HOME: this.home },
    };
  }
}
