/**
 * `npm run test:faults`: a real engine and a real sshd, a steady load of requests, and one failure of the link after the other; with `--jobs`, training
 * jobs in place of the requests.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { printedStorm, runJobStorm } from './jobStorm.js';
import { randomFaults } from './plan.js';
import { Random } from './random.js';
import { printed, violations } from './report.js';
import { runFaults } from './suite.js';
import { startWorld } from './world.js';

const USAGE = `Usage: npm run test:faults -- [options]
  --faults N    how many (200)
  --minutes M   goes on for so long instead
  --seed N      the same faults as in the run that printed this number; default: a random one
  --jobs N      starts so many training jobs instead, with the engine killed as well
  --quiet       only the report`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      faults: { type: 'string', default: '200' },
      minutes: { type: 'string' },
      jobs: { type: 'string' },
      seed: { type: 'string' },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const wished = numberOf('--faults', values.faults);
  const minutes = values.minutes === undefined ? undefined : numberOf('--minutes', values.minutes);
  const seed = values.seed === undefined ? randomInt(2 ** 32) : numberOf('--seed', values.seed);
  console.log(`seed ${seed}`);
  const say = (line: string) => {
    if (!values.quiet) console.log(line);
  };
  if (values.jobs !== undefined) {
    const report = await runJobStorm({ seed, jobs: numberOf('--jobs', values.jobs), say });
    console.log(`\n${printedStorm(report)}`);
    if (report.wrong.length > 0) process.exitCode = 1;
    return;
  }
  const world = await startWorld();
  const endsAt = performance.now() + (minutes ?? 0) * 60_000;
  let interrupted = false;
  process.once('SIGINT', () => (interrupted = true));
  try {
    const report = await runFaults(world, {
      seed,
      groups: randomFaults(new Random(seed)),
      isEnough: injected => interrupted || (minutes === undefined ? injected >= wished : performance.now() >= endsAt),
      say,
    });
    console.log(`\n${printed(report)}`);
    const wrong = violations(report);
    console.log(wrong.length === 0 ? '\nAll is well.' : `\nNot as it must be: ${wrong.join('; ')}`);
    if (wrong.length > 0) process.exitCode = 1;
  } finally {
    await world.close();
  }
}

function numberOf(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${option} is a number, not "${text}".`);
  return value;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
