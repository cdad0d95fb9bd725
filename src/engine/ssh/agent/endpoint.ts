/** Where an agent may be reached. */
export type AgentEndpoint = {
  /** Who names it: `IdentityAgent` of ssh_config or a setting, the environment, or nobody. */
  readonly origin: 'setting' | 'environment' | 'default';
} & (
  | {
      readonly kind: 'socket';
      /** Of a Unix socket or a Windows named pipe. */
      readonly path: string;
    }
  /** Its named pipe has another name in each session of Windows, so it is looked up when it is needed. */
  | { readonly kind: 'pageant' }
);

/** Folder of the named pipes of Windows. */
export const PIPES = '\\\\.\\pipe\\';
const OPENSSH_PIPE = `${PIPES}openssh-ssh-agent`;

/**
 * Decides which agents to ask, in this order; none when there is none. As ssh(1) does: `IdentityAgent` (ssh_config(5)), else
 * `SSH_AUTH_SOCK`, else on Windows the agent of its OpenSSH and then Pageant.
 * @param setting `none`, `SSH_AUTH_SOCK`, `$VARIABLE` or a path, in which `~` is already replaced
 */
export function agentEndpoints(
  setting: string | undefined,
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
): readonly AgentEndpoint[] {
  if (setting === 'none') return [];
  if (setting !== undefined && setting !== '' && setting !== 'SSH_AUTH_SOCK') {
    const path = expandVariables(setting, env);
    return path === undefined ? [] : [{ kind: 'socket', path, origin: 'setting' }];
  }
  const path = env['SSH_AUTH_SOCK'] ?? '';
  // the agent of Git for Windows names a socket that only its own programs can open
  const reachable = platform !== 'win32' || isPipe(path);
  if (path !== '' && reachable) return [{ kind: 'socket', path, origin: 'environment' }];
  if (platform !== 'win32' || setting === 'SSH_AUTH_SOCK') return [];
  return [
    { kind: 'socket', path: OPENSSH_PIPE, origin: 'default' },
    { kind: 'pageant', origin: 'default' },
  ];
}

/** How an agent is called in messages. */
export function nameOfAgent(endpoint: AgentEndpoint): string {
  if (endpoint.kind === 'pageant') return 'Pageant';
  return endpoint.path === OPENSSH_PIPE ? 'the OpenSSH agent of Windows' : `the SSH agent at ${endpoint.path}`;
}

export function isPipe(path: string): boolean {
  return /^[\\/]{2}[.?][\\/]pipe[\\/]/i.test(path);
}

/** `$NAME` as a whole, or `${NAME}` anywhere. Undefined when there is no such variable. */
function expandVariables(setting: string, env: NodeJS.ProcessEnv): string | undefined {
  const whole = /^\$(\w+)$/.exec(setting)?.[1];
  if (whole !== undefined) return env[whole] === '' ? undefined : env[whole];
  const variables = [...setting.matchAll(/\$\{(\w+)\}/g)];
  if (variables.some(([, name = '']) => env[name] === undefined)) return undefined;
  return variables.reduce((path, [written, name = '']) => path.replace(written, () => env[name] ?? ''), setting);
}
