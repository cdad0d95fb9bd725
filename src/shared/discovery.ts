import * as v from 'valibot';

export const foundSparkSchema = v.object({
  /** What it calls itself. */
  name: v.string(),
  /** `spark-1a2b.local`. */
  hostname: v.string(),
  port: v.number(),
  addresses: v.array(v.string()),
  /** Whether its name is like those of Sparks. */
  looksLikeSpark: v.boolean(),
});
/** A machine on the local network that takes SSH connections. */
export type FoundSpark = v.InferOutput<typeof foundSparkSchema>;

export const listedHostSchema = v.object({
  /** The `Host` of ssh_config. */
  alias: v.string(),
  hostname: v.string(),
  username: v.string(),
  port: v.number(),
  /** How it is reached. */
  proxy: v.picklist(['none', 'jump', 'command']),
  /** The jump hosts as `-J` takes them, when `proxy` is `jump`. */
  proxyJump: v.nullable(v.string()),
  /** The first private key that is named for it. */
  identityFile: v.nullable(v.string()),
  /** Where it is written. */
  file: v.string(),
  line: v.number(),
});
/** A host that ssh_config names. */
export type ListedHost = v.InferOutput<typeof listedHostSchema>;

export const sshConfigListSchema = v.object({
  hosts: v.array(listedHostSchema),
  /** Lines that cannot be read, in sentences. */
  problems: v.array(v.string()),
});
export type SshConfigList = v.InferOutput<typeof sshConfigListSchema>;
