import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';

export const MDNS_GROUP = '224.0.0.251';

export type DnsRecord = { name: string; ttl?: number } & (
  | { type: 'PTR'; target: string }
  | { type: 'SRV'; target: string; port: number }
  | { type: 'A' | 'AAAA'; bytes: number[] }
  | { type: 'TXT'; texts: string[] }
);

const TYPES = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33 };

/** A multicast DNS answer (RFC 6762, 18) with these records; names are not compressed. */
export function encodeAnswer(records: readonly DnsRecord[]): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(0x8400, 2);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, ...records.map(encodeRecord)]);
}

/** What a machine says when it is asked for SSH servers. */
export function sshAnswer(
  hostname: string,
  more: { instance?: string; port?: number; v4?: number[][]; v6?: number[][] } = {},
): Buffer {
  const { instance = hostname.replace(/\..*/, ''), port = 22, v4 = [], v6 = [] } = more;
  const service = `${instance}._ssh._tcp.local`;
  return encodeAnswer([
    { name: '_ssh._tcp.local', type: 'PTR', target: service },
    { name: service, type: 'SRV', target: hostname, port },
    { name: service, type: 'TXT', texts: [] },
    ...v4.map(bytes => ({ name: hostname, type: 'A' as const, bytes })),
    ...v6.map(bytes => ({ name: hostname, type: 'AAAA' as const, bytes })),
  ]);
}

function encodeRecord(record: DnsRecord): Buffer {
  const fixed = Buffer.alloc(10);
  const data = encodeData(record);
  fixed.writeUInt16BE(TYPES[record.type], 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(record.ttl ?? 120, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(record.name), fixed, data]);
}

function encodeData(record: DnsRecord): Buffer {
  switch (record.type) {
    case 'PTR':
      return encodeName(record.target);
    case 'SRV':
      return Buffer.concat([Buffer.from([0, 0, 0, 0, record.port >> 8, record.port & 255]), encodeName(record.target)]);
    case 'A':
    case 'AAAA':
      return Buffer.from(record.bytes);
    case 'TXT':
      return record.texts.length === 0 ? Buffer.from([0]) : Buffer.concat(record.texts.map(encodeLabel));
  }
}

function encodeName(name: string): Buffer {
  return Buffer.concat([...name.split('.').map(encodeLabel), Buffer.from([0])]);
}

function encodeLabel(label: string): Buffer {
  const bytes = Buffer.from(label);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** Answers questions on loopback, on a port of its own, the way the test says. */
export class MdnsResponder {
  /** Questions that came, as they were. */
  readonly questions: Buffer[] = [];

  private constructor(
    private readonly socket: Socket,
    readonly port: number,
  ) {}

  /** @param answer called for each question; returns the messages to send, in order */
  static async start(answer: (question: number) => readonly Buffer[]): Promise<MdnsResponder> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    // a free port, under an address that gets multicast
    socket.bind(0, '0.0.0.0');
    await once(socket, 'listening');
    socket.addMembership(MDNS_GROUP, '127.0.0.1');
    socket.setMulticastInterface('127.0.0.1');
    const responder = new MdnsResponder(socket, socket.address().port);
    socket.on('message', (message: Buffer, from: RemoteInfo) => {
      const isQuestion = message.length > 12 && message.readUInt16BE(4) > 0 && message.readUInt16BE(2) === 0;
      if (!isQuestion || !from.address.startsWith('127.')) return;
      responder.questions.push(message);
      void responder.send(answer(responder.questions.length));
    });
    return responder;
  }

  /** Lets what listens in this process read each before the next: a socket drops what its buffer does not hold. */
  async send(messages: readonly Buffer[]): Promise<void> {
    for (const message of messages) {
      await new Promise(resolve => this.socket.send(message, this.port, MDNS_GROUP, resolve));
      await setImmediate();
    }
  }

  close(): void {
    this.socket.close();
  }
}
