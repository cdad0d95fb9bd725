/** Not part of ssh2's documented API: see src/engine/ssh/ssh2Internals.ts. */
declare module 'ssh2/lib/protocol/utils.js' {
  export function sendPacket(protocol: unknown, packet: Buffer): boolean;
}
