/**
 * Logs in with a crypto that lacks what Electron's lacks. Its own process, because ssh2 decides while it is loaded what it can use.
 * Arguments: port, user, key, home. Prints one line of JSON.
 */
import { refused } from '../../support/hideElectronCiphers.js';
import { text } from 'node:stream/consumers';
import { chooseAlgorithms } from '../../../src/engine/ssh/algorithms.js';
import { collectLog, openSession } from './openSession.js';

async function main(): Promise<void> {
  const [port = '', username = '', keyPath = '', home = ''] = process.argv.slice(2);
  const { log, lines } = collectLog();
  const session = await openSession({
    target: { hostname: '127.0.0.1', port: Number(port), username, auth: { method: 'key', keyPath } },
    home,
    log,
  });
  const { stream } = await session.spawn(['head', '-c', '3000000', '/dev/zero']);
  const bytes = (await text(stream)).length;
  session.dispose();
  console.log(JSON.stringify({ bytes, offered: chooseAlgorithms({}, []), lines, refused }));
}

void main();
