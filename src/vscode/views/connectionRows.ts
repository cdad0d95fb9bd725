import * as v from 'valibot';
import type { ConnectionView } from '../../shared/connection.js';
import type { GpuSample, Sample } from '../../shared/metrics.js';
import { ROW_KINDS } from '../contributionData.js';
import { addressOf, memory, reading, STATE_WORDS } from '../wording.js';

const rowSchema = v.variant('kind', [
  v.object({ kind: v.literal(ROW_KINDS.connection), connectionId: v.string() }),
  v.object({ kind: v.literal(ROW_KINDS.tunnel), connectionId: v.string() }),
  /** `index` is null for the row that stands in while no GPU is known. */
  v.object({ kind: v.literal(ROW_KINDS.gpu), connectionId: v.string(), index: v.nullable(v.number()) }),
  v.object({ kind: v.literal(ROW_KINDS.models), connectionId: v.string() }),
  v.object({ kind: v.literal(ROW_KINDS.model), connectionId: v.string(), model: v.string() }),
  v.object({ kind: v.literal(ROW_KINDS.pull), connectionId: v.string(), model: v.string() }),
  v.object({ kind: v.literal(ROW_KINDS.remedy), connectionId: v.string() }),
  v.object({ kind: v.literal(ROW_KINDS.forwards), connectionId: v.string() }),
  v.object({ kind: v.literal(ROW_KINDS.forward), connectionId: v.string(), forwardId: v.string() }),
]);
/** A row of the connections tree: says which thing it shows, and holds nothing of it. */
export type Row = v.InferOutput<typeof rowSchema>;

/** The row that a menu or a view's title button handed to a command; undefined for anything else. */
export function asRow(argument: unknown): Row | undefined {
  const checked = v.safeParse(rowSchema, argument);
  return checked.success ? checked.output : undefined;
}

/** Stable over every change of what the row shows. */
export function rowId(row: Row): string {
  switch (row.kind) {
    case 'gpu':
      return `gpu:${row.connectionId}:${row.index ?? 'none'}`;
    case 'model':
    case 'pull':
      return `${row.kind}:${row.connectionId}:${row.model}`;
    case 'forward':
      return `forward:${row.connectionId}:${row.forwardId}`;
    default:
      return `${row.kind}:${row.connectionId}`;
  }
}

/** The rows under a connection. */
export function childRows(connection: ConnectionView, sample: Sample | undefined): Row[] {
  if (connection.status.state !== 'connected') return [];
  const connectionId = connection.id;
  const gpus = sample && sample.gpus.length > 0 ? sample.gpus.map(gpu => gpu.index) : [null];
  return [
    { kind: 'tunnel', connectionId },
    ...gpus.map((index): Row => ({ kind: 'gpu', connectionId, index })),
    { kind: 'models', connectionId },
    { kind: 'forwards', connectionId },
  ];
}

/** What a row shows, in words; icon and colour repeat it. */
export interface RowText {
  readonly label: string;
  readonly description: string;
  /** Tokens for `when` clauses: the kind, then the state. */
  readonly contextValue: string;
  /** Something is wrong. */
  readonly warning: boolean;
  /** For screen readers. */
  readonly spoken: string;
}

/** @param among how many connections are saved: with more than one it matters which is active */
export function connectionText(connection: ConnectionView, among: number): RowText {
  const { status, isActive } = connection;
  // a note says what a state came from: "Disconnected after 30 minutes without use."
  const state = status.note?.replace(/\.$/, '') ?? STATE_WORDS[status.state];
  const words = [state, ...(isActive && among > 1 ? ['active'] : [])];
  // the words first: a narrow sidebar cuts the end off, and the state must not be colour alone
  const description = [...words, addressOf(connection)].join(' · ');
  const tokens = [
    ROW_KINDS.connection,
    status.state,
    ...(isActive ? ['active'] : []),
    ...(status.tunnel.state === 'open' ? ['tunnel'] : []),
    ...(connection.authMethod === 'key' && connection.sshKeyPath !== null && !connection.keyStored ? ['keyFile'] : []),
  ];
  return {
    label: connection.name,
    description,
    contextValue: tokens.join(';'),
    warning: status.state === 'error',
    spoken: [connection.name, ...words, addressOf(connection)].join(', '),
  };
}

export function tunnelText({ status: { tunnel } }: ConnectionView): RowText {
  const text = (label: string, description: string, warning = false): RowText => ({
    label,
    description,
    contextValue: `${ROW_KINDS.tunnel};${tunnel.state}`,
    warning,
    spoken: `${label}, ${description}`,
  });
  switch (tunnel.state) {
    case 'open':
      return text(`Ollama on localhost:${tunnel.localPort}`, `from port ${tunnel.remotePort} of the Spark`);
    case 'closed':
      return text('Ollama', 'tunnel closed');
    case 'error':
      return text('Ollama', tunnel.error.message, true);
  }
}

/** @param index the GPU's; null for the row that stands in while none is known */
export function gpuText(index: number | null, sample: Sample | undefined): RowText {
  const gpu = sample?.gpus.find(candidate => candidate.index === index);
  const label = index === null || sample?.gpus.length === 1 ? 'GPU' : `GPU ${index}`;
  const description = gpu
    ? gpuReadings(gpu)
    : (sample?.error?.message ?? (sample ? 'none found' : 'waiting for metrics'));
  const warning = gpu === undefined && sample?.error !== undefined;
  return { label, description, contextValue: ROW_KINDS.gpu, warning, spoken: `${label}, ${description}` };
}

function gpuReadings({ utilization, memory: { kind, usedMb, totalMb } }: GpuSample): string {
  const size = memory(usedMb, totalMb);
  return `${reading(utilization, '%')} · ${size}${kind === 'unified' ? ' unified' : ''}`;
}
