import * as v from 'valibot';
import type { Container, ContainerUsage, Image } from '../../shared/containers.js';
import type { ContainerPage } from './containerBook.js';
import { portsText, statusText, usageTexts } from './containerWords.js';

const rowSchema = v.variant('kind', [
  v.object({ kind: v.literal('machine'), connectionId: v.string() }),
  v.object({ kind: v.literal('container'), connectionId: v.string(), containerId: v.string() }),
  v.object({ kind: v.literal('images'), connectionId: v.string() }),
  v.object({ kind: v.literal('image'), connectionId: v.string(), imageId: v.string(), image: v.nullable(v.string()) }),
  /** Docker does not answer, or there is nothing to show. */
  v.object({ kind: v.literal('notice'), connectionId: v.string() }),
]);
/** A row of the containers view: says which thing it shows, and holds nothing of it. */
export type ContainerRow = v.InferOutput<typeof rowSchema>;

/** The row that a menu handed to a command; undefined for anything else. */
export function asContainerRow(argument: unknown): ContainerRow | undefined {
  const checked = v.safeParse(rowSchema, argument);
  return checked.success ? checked.output : undefined;
}

/** Stable over every change of what the row shows. */
export function containerRowId(row: ContainerRow): string {
  const { kind, connectionId } = row;
  if (kind === 'container') return `${kind}:${connectionId}:${row.containerId}`;
  return kind === 'image' ? `${kind}:${connectionId}:${row.imageId}:${row.image ?? ''}` : `${kind}:${connectionId}`;
}

/** The rows of one machine: running containers first, then the others, then its images. */
export function rowsOf(connectionId: string, page: ContainerPage | undefined): ContainerRow[] {
  const { list } = page ?? {};
  if (page?.error || list?.state !== 'up') return [{ kind: 'notice', connectionId }];
  const inOrder = [...list.containers].sort((a, b) => Number(isAlive(b)) - Number(isAlive(a)));
  const containers = inOrder.map(({ id }): ContainerRow => ({ kind: 'container', connectionId, containerId: id }));
  return [
    ...(containers.length > 0 ? containers : [{ kind: 'notice', connectionId } as const]),
    { kind: 'images', connectionId },
  ];
}

export function isAlive({ state }: Container): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting';
}

/** What a row shows, in words; the icon repeats it. */
export interface ContainerRowText {
  readonly label: string;
  readonly description: string;
  /** Tokens for `when` clauses: the kind, then the state. */
  readonly contextValue: string;
  readonly icon: string;
  readonly tone: 'good' | 'waiting' | 'bad' | 'plain';
  readonly spoken: string;
}

export function containerText(container: Container, usage: ContainerUsage | undefined): ContainerRowText {
  const ports = portsText(container);
  const words = [
    statusText(container),
    ...(container.state === 'running' ? usageTexts(usage) : []),
    ...(ports.length > 0 ? [`port ${ports.join(', ')}`] : []),
    container.image,
  ];
  const look = lookOf(container);
  return {
    label: container.name,
    description: words.join(' · '),
    contextValue: [
      'container',
      container.state,
      ...(container.state === 'running' && ports.length > 0 ? ['ports'] : []),
    ].join(';'),
    ...look,
    spoken: [container.name, ...words].join(', '),
  };
}

function lookOf({ state, status }: Container): Pick<ContainerRowText, 'icon' | 'tone'> {
  if (state === 'running')
    return status.includes('unhealthy') ? { icon: 'warning', tone: 'bad' } : { icon: 'vm-running', tone: 'good' };
  if (state === 'paused') return { icon: 'debug-pause', tone: 'waiting' };
  if (state === 'restarting') return { icon: 'sync', tone: 'waiting' };
  // what was stopped by a signal of Docker's own is not a failure
  if (/^Exited \((?!0\)|130\)|137\)|143\))/.test(status)) return { icon: 'error', tone: 'bad' };
  return { icon: 'vm-outline', tone: 'plain' };
}

/** Why there are no containers to show. */
export function noticeText(page: ContainerPage | undefined): ContainerRowText {
  const error = page?.error ?? page?.list?.error;
  const text = (label: string, icon: string, contextValue = 'notice'): ContainerRowText => ({
    ...{ label, icon, contextValue, description: '', spoken: label },
    tone: error ? 'bad' : 'plain',
  });
  if (!page) return text('Reading containers...', 'loading~spin');
  if (error) return text(error.message, 'warning', page.list?.remedy === undefined ? 'notice' : 'notice;remedy');
  return text('No containers', 'info');
}

export function imagesText(images: readonly Image[] | undefined): ContainerRowText {
  const description = images === undefined ? '' : String(images.length);
  return {
    ...{ label: 'Images', description, contextValue: 'images', icon: 'layers', tone: 'plain' },
    spoken: description === '' ? 'Images' : `Images, ${description}`,
  };
}

export function imageText(name: string | null, image: Image | undefined): ContainerRowText {
  const label = name ?? 'unnamed image';
  const words = image ? [image.size, image.created] : [];
  return {
    ...{ label, description: words.join(' · '), contextValue: name === null ? 'image;unnamed' : 'image;named' },
    ...{ icon: 'file-binary', tone: 'plain' },
    spoken: [label, ...words].join(', '),
  };
}
