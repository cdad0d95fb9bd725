/** Bytes of a block of the pattern. */
export const PATTERN_BLOCK = 64 * 1024;

/** A block that says in each 8 bytes which one it is, so that none can be lost, doubled or exchanged unseen. */
export function patternBlock(number: number): Buffer {
  const block = Buffer.alloc(PATTERN_BLOCK);
  block.writeBigUInt64LE(BigInt(number) * 0x9e37_79b9n);
  for (let filled = 8; filled < PATTERN_BLOCK; filled *= 2) block.copy(block, filled, 0, filled);
  return block;
}
