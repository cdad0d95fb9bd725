/** Starts the simulated Spark of `test/spark` as a program of its own. */
import { createInterface } from 'node:readline';
import { endGroup, startGroup } from './run.mjs';

/** A port that stays the same, so that known_hosts gets one line and not one a run. */
const PREFERRED_PORT = 22022;

/**
 * @param {{ hostKey: string, authorizedKey: string }} files private key of the server, public key that may log in
 * @returns {Promise<{ port: number, username: string, hostKeyFingerprint: string, stop: () => Promise<void> }>}
 */
export async function startSimulatedSpark(files) {
  return await start(files, PREFERRED_PORT).catch(() => start(files, 0));
}

async function start({ hostKey, authorizedKey }, port) {
  const child = startGroup(
    process.execPath,
    [
      ...['out/spark/main.js', '--json', '--with-parent', '--port', String(port)],
      ...['--host-key', hostKey, '--authorized-key', authorizedKey],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let errors = '';
  child.stderr.on('data', chunk => (errors += chunk));
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.on('error', reject);
    child.on('exit', code => reject(new Error(`The simulated Spark ended with ${code}: ${errors.trim()}`)));
  });
  return { ...JSON.parse(line), stop: () => endGroup(child) };
}
