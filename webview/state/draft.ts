import * as v from 'valibot';
import { connectionInputSchema, type Connection, type ConnectionData } from '../../src/shared/connection.js';
import { type Draft } from './host.js';

/** The fields of the form, in the order in which they stand. */
export const FIELDS = [
  'name',
  'hostname',
  'port',
  'username',
  'authMethod',
  'sshKeyPath',
  'proxyJump',
  'addresses',
  'ollamaHost',
  'ollamaPort',
] as const;
export type Field = (typeof FIELDS)[number];
export type FieldErrors = Partial<Record<Field, string>>;

/** The form for a new connection. */
export function emptyDraft(): Draft {
  return {
    connectionId: null,
    name: '',
    hostname: '',
    username: '',
    port: '22',
    authMethod: 'auto',
    sshKeyPath: '',
    sshConfigHost: null,
    proxyJump: '',
    addresses: '',
    ollamaHost: '',
    ollamaPort: '',
  };
}

/** The form for a saved connection. */
export function draftFor(connection: Connection): Draft {
  return {
    connectionId: connection.id,
    name: connection.name,
    hostname: connection.hostname,
    username: connection.username,
    port: String(connection.port),
    authMethod: connection.authMethod,
    sshKeyPath: connection.sshKeyPath ?? '',
    sshConfigHost: connection.sshConfigHost,
    proxyJump: connection.proxyJump ?? '',
    addresses: connection.addresses.join('\n'),
    ollamaHost: connection.ollamaHost ?? '',
    ollamaPort: connection.ollamaPort === null ? '' : String(connection.ollamaPort),
  };
}

/** Checks a form by the contract's own rules: what may be sent, or the first complaint of each field. */
export function checkDraft(draft: Draft): { data: ConnectionData } | { errors: FieldErrors } {
  const { name, hostname, username, port, authMethod } = draft;
  const entered = {
    name,
    hostname,
    username,
    port: asNumber(port),
    authMethod,
    sshKeyPath: draft.authMethod === 'key' ? draft.sshKeyPath : null,
    sshConfigHost: draft.sshConfigHost,
    proxyJump: draft.proxyJump.trim() === '' ? null : draft.proxyJump,
    ollamaHost: draft.ollamaHost.trim() === '' ? null : draft.ollamaHost,
    ollamaPort: draft.ollamaPort.trim() === '' ? null : asNumber(draft.ollamaPort),
    addresses: draft.addresses.split('\n').filter(line => line.trim() !== ''),
  };
  const checked = v.safeParse(connectionInputSchema, entered);
  if (checked.success) return { data: checked.output };
  const errors: FieldErrors = {};
  for (const issue of checked.issues) {
    // of a list the whole: `addresses.2`
    const field = v.getDotPath(issue)?.split('.')[0];
    if (isField(field)) errors[field] ??= issue.message;
  }
  // the field is too narrow for the schema's sentence, which would push everything below it down
  if (errors.port !== undefined) errors.port = 'Use 1 to 65535.';
  if (errors.ollamaPort !== undefined) errors.ollamaPort = 'Use 1 to 65535.';
  // the schema asks for the key only once every other field is right; say it together with the rest
  if (draft.authMethod === 'key' && draft.sshKeyPath.trim() === '') {
    errors.sshKeyPath ??= 'Choose the private key file, or log in with a password.';
  }
  return { errors };
}

/** The number that was typed; what is none is left for the schema to refuse. */
function asNumber(typed: string): number | string {
  return /^\s*\d+\s*$/.test(typed) ? Number(typed) : typed;
}

/** True when `name` is a field of the form: errors of the engine name fields too. */
export function isField(name: string | null | undefined): name is Field {
  return FIELDS.some(field => field === name);
}
