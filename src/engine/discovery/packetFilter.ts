import type { RemoteInfo } from 'node:dgram';

/** RFC 6762, 17: no message is longer. */
const LONGEST_MESSAGE = 9000;
const HEADER_LENGTH = 12;
/** RFC 1035, 4.1.1: QR, the first bit of the third byte. */
const IS_RESPONSE = 0x80;
/**
 * A machine describes itself in about twenty. The library compares each with each, so a packet full of them would keep the engine busy for
 * seconds.
 */
const MOST_RECORDS = 128;
/** In one search, of all interfaces together. */
const MOST_MESSAGES = 1000;

/**
 * Makes the judge of what is worth parsing: answers of machines on the same network, sent from the port of multicast DNS (RFC 6762, 6 and 11), of
 * a sane size, and not more of them than a network sends.
 */
export function packetFilter(
  port: number,
  isOnLink: (address: string) => boolean,
): (message: Buffer, from: RemoteInfo) => boolean {
  let messages = 0;
  return (message, from) => {
    if (from.port !== port || !isOnLink(from.address)) return false;
    if (message.length < HEADER_LENGTH || message.length > LONGEST_MESSAGE) return false;
    if ((message.readUInt8(2) & IS_RESPONSE) === 0) return false;
    if (message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10) > MOST_RECORDS) return false;
    messages += 1;
    return messages <= MOST_MESSAGES;
  };
}
