/** Types of what the workbench tests use of `vscodeServer.mjs`. */
export interface RunningServer {
  /** Ends with `/`. */
  readonly url: string;
  /** `127.0.0.1:<port>`, the authority of `vscode-remote:` URIs. */
  readonly authority: string;
  /** The user data folder; settings are in `User/settings.json` below it. */
  readonly dataDir: string;
  readonly logFile: string;
  readonly stop: () => Promise<void>;
}
export declare const CODE_SERVER_VERSION: string;
export declare function cacheFolder(): string;
export declare function serverIsInstalled(): boolean;
export declare function installExtension(options: {
  dir: string;
  extensionsDir: string;
  vsix: string;
  env?: Record<string, string>;
}): Promise<void>;
export declare function startServer(options: {
  dir: string;
  extensionsDir: string;
  env?: Record<string, string>;
  inHostTests?: boolean;
  workspaceTrust?: boolean;
  port?: number;
}): Promise<RunningServer>;
