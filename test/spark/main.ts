/** The simulated Spark as a program: starts it on loopback, says how to reach it, and takes commands on its input. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { COMMANDS, obey } from './console.js';
import { SHAPES } from './smi/reading.js';
import { type Spark, startSpark } from './spark.js';
import { makeKeyPair } from './ssh/keys.js';

const USAGE = `Usage: node out/spark/main.js [options]
  --port PORT             of the SSH server; 0 (default) takes a free one
  --ollama-port PORT      where Ollama listens on this computer; 0 (default) takes a free one
  --shape SHAPE           ${SHAPES.join(', ')}
  --user NAME             default: nvidia
  --password PASSWORD     also lets this password log in
  --authorized-key FILE   public key that may log in; left out: a new key pair is made
  --host-key FILE         private key of the server; left out: a new one is made
  --json                  one line of JSON when it is ready, one for each command
  --with-parent           ends when its input ends
Commands on its input, one a line:
${COMMANDS.replace(/^/gm, '  ')}`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'ollama-port': { type: 'string', default: '0' },
      shape: { type: 'string', default: 'gb10' },
      user: { type: 'string', default: 'nvidia' },
      password: { type: 'string' },
      'authorized-key': { type: 'string', multiple: true },
      'host-key': { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
      'with-parent': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const shape = SHAPES.find(known => known === values.shape);
  if (shape === undefined) throw new Error(`--shape is one of ${SHAPES.join(', ')}.`);
  const made = values['authorized-key'] === undefined ? makeKeyPair(`${values.user}@simulated-spark`) : undefined;
  const spark = await startSpark({
    port: portOf('--port', values.port),
    ollamaPort: portOf('--ollama-port', values['ollama-port']),
    shape,
    username: values.user,
    authorizedKeys: made ? [made.publicKey] : texts(values['authorized-key'] ?? []),
    ...(values.password === undefined ? {} : { password: values.password }),
    ...(values['host-key'] === undefined ? {} : { hostKeys: texts(values['host-key']) }),
  });
  const privateKeyPath = made ? savePrivateKey(spark, made.privateKey) : null;
  announce(spark, privateKeyPath, values.json);
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    void spark.close().finally(() => process.exit(0));
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  process.on('SIGHUP', end);
  const lines = createInterface({ input: process.stdin });
  lines.on('line', line => {
    if (line.trim() !== '') void answer(spark, line, values.json);
  });
  lines.on('close', () => {
    if (values['with-parent']) end();
  });
}

function savePrivateKey(spark: Spark, privateKey: string): string {
  const folder = join(spark.folder, 'client');
  mkdirSync(folder, { mode: 0o700 });
  const path = join(folder, 'id_ed25519');
  writeFileSync(path, privateKey, { mode: 0o600 });
  return path;
}

function announce(spark: Spark, privateKeyPath: string | null, json: boolean): void {
  const facts = {
    port: spark.port,
    username: spark.username,
    hostKeyFingerprint: spark.hostKeyFingerprints[0],
    hostKeyLine: spark.hostKeyLines[0],
    ollamaPort: spark.ollamaPort,
    home: spark.home,
    privateKeyPath,
  };
  if (json) {
    console.log(JSON.stringify(facts));
    return;
  }
  const key = privateKeyPath === null ? '' : ` -i ${privateKeyPath}`;
  console.log(`The simulated Spark is ready: ssh -p ${spark.port}${key} ${spark.username}@127.0.0.1
  host key  ${spark.hostKeyFingerprints.join(', ')}
  Ollama    ${spark.ollamaUrl} (port 11434 as seen from the Spark)
  home      ${spark.home}
Commands can be typed here, or Ctrl-C to end it:
${COMMANDS}`);
}

async function answer(spark: Spark, line: string, json: boolean): Promise<void> {
  try {
    const result = await obey(spark, line);
    if (json) console.log(JSON.stringify({ done: line.trim(), ...(result === undefined ? {} : { result }) }));
    else console.log(result ?? 'done');
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    console.log(json ? JSON.stringify({ error: text }) : text);
  }
}

function portOf(option: string, text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) throw new Error(`${option} needs a port number.`);
  return Number(text);
}

function texts(paths: readonly string[]): string[] {
  return paths.map(path => readFileSync(path, 'utf8'));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
