const MAX_BYTES = 256 * 1024;
const MSG_KEXINIT = 20;

/** Algorithm lists of a server's KEXINIT (RFC 4253, 7.1) that a client must have something in common with. */
export interface ServerOffer {
  readonly keyExchange: readonly string[];
  readonly hostKey: readonly string[];
  readonly cipher: readonly string[];
  readonly mac: readonly string[];
}

/**
 * Reads along what a server says first, which is not encrypted: its identification line and the algorithms it offers. ssh2 keeps both to itself, and
 * they are what a message about a failed handshake needs.
 */
export class ServerHello {
  private buffer = Buffer.alloc(0);
  private done = false;
  /** The line that begins with `SSH-`, once it has come. */
  identification: string | undefined;
  offer: ServerOffer | undefined;

  /** The first line of what has come, whatever it is. */
  get firstLine(): string | undefined {
    if (this.identification !== undefined) return this.identification;
    return this.buffer.length === 0 ? undefined : this.buffer.toString('latin1', 0, 256).split(/\r?\n/, 1)[0];
  }

  /** Takes the next bytes from the server. Costs nothing once the algorithms are known. */
  feed(chunk: Buffer): void {
    if (this.done) return;
    this.buffer = Buffer.concat([this.buffer, chunk]);
    if (this.identification === undefined) this.readIdentification();
    if (this.identification !== undefined) this.readOffer();
    if (this.buffer.length > MAX_BYTES) this.done = true;
  }

  private readIdentification(): void {
    const match = /(?:^|\n)(SSH-[^\r\n]*)\r?\n/.exec(this.buffer.toString('latin1'));
    if (match?.[1] === undefined) return;
    this.identification = match[1];
    this.buffer = Buffer.from(this.buffer.subarray(match.index + match[0].length));
  }

  private readOffer(): void {
    // uint32 length, byte padding length, byte message, 16 bytes cookie, then the name lists
    if (this.buffer.length < 6) return;
    const end = 4 + this.buffer.readUInt32BE(0);
    if (end > MAX_BYTES || this.buffer[5] !== MSG_KEXINIT) {
      this.done = true;
      return;
    }
    if (this.buffer.length < end) return;
    this.done = true;
    const lists: string[][] = [];
    for (let at = 22; lists.length < 6;) {
      if (at + 4 > end) return;
      const length = this.buffer.readUInt32BE(at);
      if (at + 4 + length > end) return;
      lists.push(this.buffer.toString('latin1', at + 4, at + 4 + length).split(','));
      at += 4 + length;
    }
    const [keyExchange = [], hostKey = [], cipher = [], , mac = []] = lists;
    this.offer = { keyExchange, hostKey, cipher, mac };
    this.buffer = Buffer.alloc(0);
  }
}
