import * as v from 'valibot';
import { proxyJumpSchema, sshConfigHostSchema, waySchema } from './address.js';
import { ERROR_CODES } from './errors.js';

/**
 * A host name or an address: letters, digits, `.`, `-`, `_` and `:` (IPv6, with an optional `%zone`). It may not begin with `-`, so that
 * it can never be read as an option by a program.
 */
export const hostnameSchema = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty('Enter the host name or IP address.'),
  v.maxLength(255, 'A host name has at most 255 characters.'),
  v.regex(/^[A-Za-z0-9_:.][A-Za-z0-9_:.%-]*$/, 'Use a host name or an IP address, without user name, port or spaces.'),
);

/** A Unix login name: what `useradd` accepts and what directory services add (`.`, `@`, `\`). */
export const usernameSchema = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty('Enter the user name on the Spark.'),
  v.maxLength(128, 'A user name has at most 128 characters.'),
  v.regex(/^[A-Za-z0-9_][A-Za-z0-9_.@\\$-]*$/, 'Use a Unix user name such as "nvidia".'),
);

export const portSchema = v.pipe(
  v.number('Enter a port number.'),
  v.integer('A port is a whole number.'),
  v.minValue(1, 'A port is between 1 and 65535.'),
  v.maxValue(65535, 'A port is between 1 and 65535.'),
);

export const nameSchema = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty('Enter a name.'),
  v.maxLength(80, 'A name has at most 80 characters.'),
  v.regex(/^[^\p{Cc}\p{Cf}]*$/u, 'A name cannot contain control characters.'),
);

/** Path of a private key on this computer; a leading `~` means the home folder. */
export const keyPathSchema = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(4096, 'The path is too long.'),
  v.check(path => !path.includes('\0'), 'The path contains an unusable character.'),
);

/** `auto`: as `ssh` does by itself (agent, keys of ssh_config, the usual key files, then questions). */
export const authMethodSchema = v.picklist(['auto', 'key', 'password']);
export type AuthMethod = v.InferOutput<typeof authMethodSchema>;

export const connectionIdSchema = v.pipe(v.string(), v.nonEmpty(), v.maxLength(100));

/** More than anybody has; each is tried when the ones before it do not answer. */
const MAX_ADDRESSES = 8;

const routeEntries = {
  /** The `Host` of ssh_config that it follows: address, user, port and keys then come from there at each login. */
  sshConfigHost: v.optional(v.nullable(sshConfigHostSchema), null),
  /** Jump hosts before it; null takes what ssh_config says. */
  proxyJump: v.optional(v.nullable(proxyJumpSchema), null),
  /** Other ways to the same machine. */
  addresses: v.optional(
    v.pipe(v.array(waySchema), v.maxLength(MAX_ADDRESSES, `At most ${MAX_ADDRESSES} other addresses.`)),
    [],
  ),
};

/** Where Ollama listens on the machine, or seen from it: in a container, or on another machine behind it. */
const ollamaEntries = {
  /** Null for the machine's own loopback address. */
  ollamaHost: v.optional(v.nullable(hostnameSchema), null),
  /** Null takes the port of the settings. */
  ollamaPort: v.optional(v.nullable(portSchema), null),
};

/** What a user enters to save a connection. */
export const connectionInputSchema = v.pipe(
  v.strictObject({
    name: nameSchema,
    hostname: hostnameSchema,
    username: usernameSchema,
    port: v.optional(portSchema, 22),
    /** Path of the private key; needed when `authMethod` is `key`. */
    sshKeyPath: v.optional(v.nullable(keyPathSchema), null),
    /** Left out: `key` when a key path is given, else `auto`. */
    authMethod: v.optional(authMethodSchema),
    ...routeEntries,
    ...ollamaEntries,
  }),
  v.transform(input => {
    const sshKeyPath = input.sshKeyPath === '' ? null : input.sshKeyPath;
    return {
      ...input,
      sshKeyPath,
      proxyJump: input.proxyJump === '' ? null : input.proxyJump,
      authMethod: input.authMethod ?? (sshKeyPath === null ? 'auto' : 'key'),
    };
  }),
  v.forward(
    v.check(
      input => input.authMethod !== 'key' || input.sshKeyPath !== null,
      'Choose the private key file, or log in with a password.',
    ),
    ['sshKeyPath'],
  ),
);
export type ConnectionInput = v.InferInput<typeof connectionInputSchema>;
export type ConnectionData = v.InferOutput<typeof connectionInputSchema>;

/** A change to a saved connection: the fields that are given replace the saved ones. */
export const connectionChangesSchema = v.partial(
  v.strictObject({
    name: nameSchema,
    hostname: hostnameSchema,
    username: usernameSchema,
    port: portSchema,
    sshKeyPath: v.nullable(keyPathSchema),
    authMethod: authMethodSchema,
    sshConfigHost: v.nullable(sshConfigHostSchema),
    proxyJump: v.nullable(proxyJumpSchema),
    addresses: routeEntries.addresses.wrapped,
    ollamaHost: ollamaEntries.ollamaHost.wrapped,
    ollamaPort: ollamaEntries.ollamaPort.wrapped,
  }),
);
export type ConnectionChanges = v.InferOutput<typeof connectionChangesSchema>;

/** Milliseconds since 1970-01-01 UTC. */
export const epochMsSchema = v.number();

export const connectionSchema = v.object({
  id: connectionIdSchema,
  name: v.string(),
  hostname: v.string(),
  username: v.string(),
  port: v.number(),
  sshKeyPath: v.nullable(v.string()),
  authMethod: authMethodSchema,
  sshConfigHost: v.nullable(v.string()),
  proxyJump: v.nullable(v.string()),
  addresses: v.array(v.string()),
  /** Its private key is in the keychain of the editor; the file at `sshKeyPath` is not needed any more. */
  keyStored: v.boolean(),
  /** Where it was reached last: the way back when its name is not known on the network. */
  lastAddress: v.nullable(v.string()),
  ollamaHost: v.nullable(v.string()),
  ollamaPort: v.nullable(v.number()),
  /** The one connection whose Ollama is published. */
  isActive: v.boolean(),
  /** The user wants it connected: it is connected again after a restart. */
  wanted: v.boolean(),
  lastConnectedAt: v.nullable(epochMsSchema),
  createdAt: epochMsSchema,
  updatedAt: epochMsSchema,
});
/** A saved connection. */
export type Connection = v.InferOutput<typeof connectionSchema>;

export const errorInfoSchema = v.object({
  code: v.picklist(ERROR_CODES),
  message: v.string(),
  hint: v.optional(v.string()),
  field: v.optional(v.string()),
});

export const connectionStateSchema = v.picklist(['disconnected', 'connecting', 'connected', 'reconnecting', 'error']);
export type ConnectionState = v.InferOutput<typeof connectionStateSchema>;

export const tunnelStatusSchema = v.variant('state', [
  v.object({ state: v.literal('closed') }),
  v.object({
    state: v.literal('open'),
    localPort: v.number(),
    remotePort: v.number(),
    /** Left out: the machine itself. */
    remoteHost: v.optional(v.string()),
  }),
  v.object({ state: v.literal('error'), error: errorInfoSchema }),
]);
export type TunnelStatus = v.InferOutput<typeof tunnelStatusSchema>;

export const connectionStatusSchema = v.object({
  state: connectionStateSchema,
  /** When this state began; for `connected` the uptime counts from here. */
  since: epochMsSchema,
  /** What is being done while connecting, in words ("Verifying the host key"). */
  step: v.optional(v.string()),
  /** Why it is in `error` or `reconnecting`. */
  error: v.optional(errorInfoSchema),
  /** When the next attempt is made, while reconnecting. */
  nextAttemptAt: v.optional(epochMsSchema),
  /** The way that was taken, while connected: "192.168.1.20:22 via gateway". */
  via: v.optional(v.string()),
  /** How this state came about though nothing failed, in a sentence that names it ("Disconnected after 30 minutes without use."). */
  note: v.optional(v.string()),
  tunnel: tunnelStatusSchema,
});
export type ConnectionStatus = v.InferOutput<typeof connectionStatusSchema>;

export const connectionViewSchema = v.object({ ...connectionSchema.entries, status: connectionStatusSchema });
/** A saved connection with what it is doing now. */
export type ConnectionView = v.InferOutput<typeof connectionViewSchema>;
