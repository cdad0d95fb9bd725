import type { Client } from 'ssh2';

/** The part of ssh2's client that is looked into; there since its version 1.0. */
interface Insides {
  readonly _protocol?: {
    readonly _handlers?: { USERAUTH_FAILURE?: (protocol: unknown, methods: string[], partial: boolean) => void };
  };
}

/**
 * Tells of each refusal of a server (RFC 4252, 5.1): which methods can continue, and whether what was sent counts as one
 * of several proofs. ssh2 tells its `authHandler` the same, except after a key that signs outside of this process, which
 * is how all keys are offered here. To be called after `connect`.
 */
export function onLoginFailure(client: Client, listener: (methodsLeft: string[], partial: boolean) => void): void {
  const handlers = (client as Client & Insides)._protocol?._handlers;
  const original = handlers?.USERAUTH_FAILURE;
  if (!handlers || !original) throw new Error('This version of ssh2 keeps its handlers elsewhere.');
  handlers.USERAUTH_FAILURE = (protocol, methods, partial) => {
    listener(methods, partial);
    original(protocol, methods, partial);
  };
}
