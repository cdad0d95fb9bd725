import { printable } from '../base/remoteText.js';
import type * as networkErrors from '../ssh/networkErrors.js';
import type { ServerHello, ServerOffer } from '../ssh/serverHello.js';
import { asTitle, type Finding, finding } from './finding.js';
import type { HelloEnd } from './helloProbe.js';
import type { PingAnswer } from './ping.js';

/** What a server that said nothing is told of, when its kernel lives: the memory that CPU and GPU share has run out. */
const WEDGED =
  'The machine is on, but nothing on it gets to run: most likely its memory is used up, which freezes a DGX Spark without ending any program. It may come back by itself within half an hour; otherwise take it off its power supply. Afterwards leave more memory free, with smaller models or shorter contexts.';

/**
 * What the SSH server said of itself.
 * @param answer whether the machine answers ping, where that was asked because the server said nothing
 */
export function helloFinding(
  target: { hostname: string; port: number },
  hello: ServerHello,
  end: HelloEnd,
  answer: PingAnswer | undefined,
  errors: Pick<typeof networkErrors, 'explainTimeout' | 'explainLoginEnd'>,
): Finding {
  const { identification } = hello;
  if (end === 'silence') {
    const { message, hint } = errors.explainTimeout('handshake', target, hello);
    return finding('SSH server', 'problem', asTitle(message), { hint: answer === 'answers' ? WEDGED : hint });
  }
  const speaksTwo = identification !== undefined && /^SSH-(2\.0|1\.99)-/.test(identification);
  if (end === 'complete' && speaksTwo) return finding('SSH server', 'ok', printable(identification));
  const reason = identification !== undefined && !speaksTwo ? new Error('Incompatible protocol version') : undefined;
  const { message, hint } = errors.explainLoginEnd('handshake', target, hello, reason);
  return finding('SSH server', 'problem', asTitle(message), { hint });
}

const KINDS = [
  ['keyExchange', 'way of exchanging keys'],
  ['hostKey', 'type of host key'],
  ['cipher', 'cipher'],
  ['mac', 'message authentication code'],
] as const;
/** Ciphers that authenticate their messages themselves, so that no MAC has to be agreed on. */
const AUTHENTICATING = /-gcm@|^chacha20-poly1305@/;

/** Whether the server and this computer have an algorithm of each kind in common (RFC 4253, 7.1). */
export function algorithmsFinding(offer: ServerOffer | undefined, supported: ServerOffer): Finding {
  if (offer === undefined) return finding('Algorithms', 'skipped', 'The server did not say which it offers');
  const common = (kind: keyof ServerOffer) => supported[kind].filter(name => offer[kind].includes(name));
  const [cipher = ''] = common('cipher');
  const missing = KINDS.filter(
    ([kind]) => common(kind).length === 0 && !(kind === 'mac' && AUTHENTICATING.test(cipher)),
  );
  const [first] = missing;
  if (first === undefined) {
    const agreed = [common('keyExchange')[0], common('hostKey')[0], cipher].join(', ');
    return finding('Algorithms', 'ok', `There are common ones: ${agreed}`);
  }
  return finding(
    'Algorithms',
    'problem',
    `There is no common ${missing.map(([, what]) => what).join(' and no common ')}`,
    {
      detail: `The server offers only: ${printable(offer[first[0]].join(', '), 300)}`,
      hint: 'Allow current algorithms in the sshd_config of the server.',
    },
  );
}
