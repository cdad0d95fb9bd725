import { SHAPES } from './smi/reading.js';
import { type Spark } from './spark.js';

const SMI_FAULTS = ['none', 'garbage', 'hang', 'missing'] as const;

/** The lines that {@link obey} understands. */
export const COMMANDS = `shape ${SHAPES.join('|')}
drop                          end all connections
silent on|off                 answer nothing
offline on|off                refuse connections
refuse-logins on|off
refuse-forwarding on|off
slow MILLISECONDS             each piece of data is late
smi ${SMI_FAULTS.join('|')}
disk-full on|off
freeze SECONDS | thaw         0: idle, 30: busiest
chunks COUNT | chunk-delay MILLISECONDS
hold COUNT | release          Ollama answers stop after COUNT pieces
status`;

const ACTIONS: Record<string, (spark: Spark, argument: string) => unknown> = {
  shape: (spark, argument) => spark.setShape(oneOf(SHAPES, argument)),
  drop: spark => spark.faults.dropLinks(),
  silent: (spark, argument) => spark.faults.goSilent(onOrOff(argument)),
  offline: (spark, argument) => spark.faults.goOffline(onOrOff(argument)),
  'refuse-logins': (spark, argument) => spark.faults.refuseLogins(onOrOff(argument)),
  'refuse-forwarding': (spark, argument) => spark.faults.refuseForwarding(onOrOff(argument)),
  slow: (spark, argument) => spark.faults.slow(count(argument)),
  smi: (spark, argument) => spark.faults.nvidiaSmi(oneOf(SMI_FAULTS, argument)),
  'disk-full': (spark, argument) => spark.faults.fillDisk(onOrOff(argument)),
  freeze: (spark, argument) => spark.freeze(count(argument)),
  thaw: spark => spark.thaw(),
  chunks: (spark, argument) => void (spark.ollama.chunks = count(argument)),
  'chunk-delay': (spark, argument) => void (spark.ollama.chunkDelayMs = count(argument)),
  hold: (spark, argument) => spark.ollama.holdAfter(count(argument)),
  release: spark => spark.ollama.release(),
  status: spark => ({
    shape: spark.current().shape,
    sessions: spark.sessions(),
    logins: spark.logins(),
    forwards: spark.forwards(),
    programs: spark.programs().length,
    streaming: spark.ollama.streaming,
  }),
};

/** Carries out one line that was typed; resolves to what there is to say about it. Rejects when it is not understood. */
export async function obey(spark: Spark, line: string): Promise<unknown> {
  const [word = '', argument = ''] = line.trim().split(/\s+/);
  const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  if (action === undefined) throw new Error(`Not understood: ${line.trim()}`);
  return await action(spark, argument);
}

function onOrOff(text: string): boolean {
  return oneOf(['on', 'off'], text) === 'on';
}

function oneOf<Choice extends string>(choices: readonly Choice[], text: string): Choice {
  const found = choices.find(choice => choice === text);
  if (found === undefined) throw new Error(`One of ${choices.join(', ')} is needed, not "${text}".`);
  return found;
}

function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`A number is needed, not "${text}".`);
  return Number(text);
}
