/**
 * Reads the data types of SSH (RFC 4251, 5) from a message or a key, front to back. What it reads may come from anyone: a length that
 * leads out of the data is a `RangeError`.
 */
export class WireReader {
  private at = 0;

  constructor(private readonly data: Buffer) {}

  get atEnd(): boolean {
    return this.at === this.data.length;
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  /** `string`, which holds any bytes. The result shares memory with what is read. */
  string(): Buffer {
    return this.take(this.uint32());
  }

  /** A `string` that is a name of ASCII characters. */
  name(): string {
    return this.string().toString('latin1');
  }

  /** Everything that has not been read. */
  rest(): Buffer {
    return this.take(this.data.length - this.at);
  }

  private take(length: number): Buffer {
    if (length > this.data.length - this.at) throw new RangeError('The data ends too early.');
    this.at += length;
    return this.data.subarray(this.at - length, this.at);
  }
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** `string` of RFC 4251, 5. */
export function lengthPrefixed(data: Buffer | string): Buffer {
  const bytes = Buffer.from(data);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** `mpint` of RFC 4251, 5, of a number that is not negative. */
export function mpint(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  const needsSign = (digits[0] ?? 0) >= 0x80;
  return lengthPrefixed(needsSign ? Buffer.concat([Buffer.from([0]), digits]) : digits);
}
