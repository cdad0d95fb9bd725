import * as v from 'valibot';
import type * as JsonRpc from 'vscode-jsonrpc';
import { SparkError } from './errors.js';
import { errorInfoSchema } from './connection.js';

/** A request of the contract: what goes there and what comes back. */
export interface RequestShape {
  readonly params: v.GenericSchema;
  readonly result: v.GenericSchema;
}
export type Requests = Readonly<Record<string, RequestShape>>;
export type Notifications = Readonly<Record<string, v.GenericSchema>>;

/** What one side of a boundary answers to. */
export interface Side {
  readonly requests: Requests;
  readonly notifications: Notifications;
}

/** Parameters as a caller writes them: fields with a default may be left out. */
export type ParamsOf<R extends Requests, K extends keyof R> = v.InferInput<R[K]['params']>;
export type ResultOf<R extends Requests, K extends keyof R> = v.InferOutput<R[K]['result']>;

/** One function for each request of a side. `signal` fires when the caller cancels or the connection ends. */
export type Handlers<R extends Requests> = {
  [K in keyof R]: (
    params: v.InferOutput<R[K]['params']>,
    signal: AbortSignal,
  ) => ResultOf<R, K> | Promise<ResultOf<R, K>>;
};
export type Listeners<N extends Notifications> = { [K in keyof N]: (params: v.InferOutput<N[K]>) => void };

/** Errors of the contract travel as this JSON-RPC code, with the {@link ErrorInfo} as data. */
const SPARK_ERROR = -32050;

/**
 * With these codes vscode-jsonrpc says that the message could not be written, that its answer cannot come any more, and
 * that the connection is inactive, closed or disposed: a write may fail before the end of the connection is told.
 */
const CONNECTION_ENDED: readonly unknown[] = [-32099, -32097, -32096, 1, 2];

interface Thrown {
  code?: unknown;
  data?: unknown;
  message?: unknown;
}

/**
 * One end of a boundary: sends the requests and notifications that the other side answers to (`Remote`) and answers
 * its own (`Local`). The same class stands on every boundary. Whatever arrives is checked against the contract before
 * anybody sees it; a request that fails the check is rejected with `invalidInput`.
 */
export class Peer<Local extends Side, Remote extends Side> {
  private readonly connection: JsonRpc.MessageConnection;
  private readonly remote: Remote;
  private readonly rpc: RpcRuntime;
  private readonly ended = new AbortController();

  /**
   * @param connection not listening yet; the peer starts it and `dispose` ends it
   * @param rpc the flavour of vscode-jsonrpc that made `connection` (node or browser); this folder imports only its types
   */
  constructor(
    connection: JsonRpc.MessageConnection,
    local: Local,
    remote: Remote,
    handlers: Handlers<Local['requests']>,
    listeners: Listeners<Local['notifications']>,
    rpc: RpcRuntime,
  ) {
    this.connection = connection;
    this.remote = remote;
    this.rpc = rpc;
    for (const [method, shape] of Object.entries(local.requests)) {
      const handler = handlers[method as keyof Local['requests']];
      connection.onRequest(method, (raw: unknown, token: JsonRpc.CancellationToken) =>
        this.answer(shape, handler, raw, token),
      );
    }
    for (const [method, schema] of Object.entries(local.notifications)) {
      const listener = listeners[method as keyof Local['notifications']];
      connection.onNotification(method, (raw: unknown) => {
        const checked = v.safeParse(schema, raw);
        if (checked.success) listener(checked.output);
      });
    }
    connection.onClose(() => {
      this.ended.abort();
    });
    connection.listen();
  }

  /** Fires once, when the other side has gone or this one was disposed. */
  get closed(): AbortSignal {
    return this.ended.signal;
  }

  /**
   * Sends a request. Rejects with a {@link SparkError}: the one that the other side threw, `cancelled` when `signal`
   * fired, `engineUnavailable` when the connection ended first.
   */
  async request<K extends string & keyof Remote['requests']>(
    method: K,
    params: ParamsOf<Remote['requests'], K>,
    signal?: AbortSignal,
  ): Promise<ResultOf<Remote['requests'], K>> {
    if (this.ended.signal.aborted) throw connectionEnded();
    if (signal?.aborted) throw cancelled();
    const source = new this.rpc.CancellationTokenSource();
    const cancel = () => {
      source.cancel();
    };
    signal?.addEventListener('abort', cancel);
    let onEnd: (() => void) | undefined;
    const ended = new Promise<never>((_resolve, reject) => {
      onEnd = () => {
        reject(connectionEnded());
      };
      this.ended.signal.addEventListener('abort', onEnd);
    });
    try {
      const raw: unknown = await Promise.race([this.connection.sendRequest(method, params, source.token), ended]);
      const shape = this.remote.requests[method];
      const checked = v.safeParse(shape?.result ?? v.never(), raw);
      if (!checked.success) throw new SparkError({ code: 'internal', message: `Unexpected answer to ${method}.` });
      return checked.output;
    } catch (error) {
      throw fromWire(error, signal);
    } finally {
      if (onEnd) this.ended.signal.removeEventListener('abort', onEnd);
      signal?.removeEventListener('abort', cancel);
      source.dispose();
    }
  }

  /** Sends a notification; dropped without a word when the other side has gone. */
  notify<K extends string & keyof Remote['notifications']>(
    method: K,
    params: v.InferInput<Remote['notifications'][K]>,
  ): void {
    if (this.ended.signal.aborted) return;
    this.connection.sendNotification(method, params).catch(() => {
      // the other side went away between the check and the write; onClose tells
    });
  }

  dispose(): void {
    this.ended.abort();
    this.connection.dispose();
  }

  private async answer(
    shape: RequestShape,
    handler: (params: unknown, signal: AbortSignal) => unknown,
    raw: unknown,
    token: JsonRpc.CancellationToken,
  ): Promise<unknown> {
    const abort = new AbortController();
    const stop = () => {
      abort.abort();
    };
    const listening = token.onCancellationRequested(stop);
    this.ended.signal.addEventListener('abort', stop);
    // what was still in the queue when the other side went away
    if (this.ended.signal.aborted) stop();
    try {
      const checked = v.safeParse(shape.params, raw);
      if (!checked.success) throw invalidInput(checked.issues);
      return await handler(checked.output, abort.signal);
    } catch (error) {
      const info = SparkError.toInfo(error);
      throw new this.rpc.ResponseError(SPARK_ERROR, info.message, info);
    } finally {
      listening.dispose();
      this.ended.signal.removeEventListener('abort', stop);
    }
  }
}

/** The classes of vscode-jsonrpc that a peer makes instances of. */
export type RpcRuntime = Pick<typeof JsonRpc, 'CancellationTokenSource' | 'ResponseError'>;

/** The first complaint of a failed check, as an error that names the field. */
export function invalidInput(issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): SparkError {
  const [issue] = issues;
  const field = v.getDotPath(issue)?.split('.').pop();
  return new SparkError({ code: 'invalidInput', message: complaint(issue, field), ...(field ? { field } : {}) });
}

/** Schemas say in plain words what is wrong with a value; what they say of the shape is for programmers. */
function complaint(issue: v.BaseIssue<unknown>, field: string | undefined): string {
  if (issue.kind === 'validation' || field === undefined) return issue.message;
  if (issue.type === 'strict_object')
    return issue.expected === 'never' ? `There is no field "${field}" here.` : `The field "${field}" is missing.`;
  if (issue.type === 'picklist' || issue.type === 'literal')
    return `"${field}" must be one of ${issue.expected ?? ''}.`;
  return issue.message.startsWith('Invalid type')
    ? `"${field}" must be a ${issue.expected ?? 'value'}.`
    : issue.message;
}

function cancelled(): SparkError {
  return new SparkError({ code: 'cancelled', message: 'Cancelled.' });
}

function connectionEnded(): SparkError {
  return new SparkError({
    code: 'engineUnavailable',
    message: 'The DGX Spark engine ended before it answered.',
    hint: 'It starts again by itself; try once more.',
  });
}

function fromWire(error: unknown, signal?: AbortSignal): Error {
  if (SparkError.is(error)) return error;
  if (signal?.aborted) return cancelled();
  const thrown = error as Thrown;
  if (CONNECTION_ENDED.includes(thrown.code)) return connectionEnded();
  const checked = v.safeParse(errorInfoSchema, thrown.data);
  if (thrown.code === SPARK_ERROR && checked.success) return new SparkError(checked.output);
  return new SparkError({
    code: 'internal',
    message: typeof thrown.message === 'string' ? thrown.message : String(error),
  });
}
