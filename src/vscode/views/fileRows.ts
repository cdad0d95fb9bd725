import * as v from 'valibot';
import { type FileEntry, type FileKind, type Folder, nameProblem, remotePathSchema } from '../../shared/files.js';
import { bytes } from '../wording.js';

const at = { connectionId: v.string(), path: remotePathSchema };
const rowSchema = v.variant('kind', [
  v.object({ kind: v.literal('root'), ...at }),
  v.object({ kind: v.literal('file'), ...at }),
  v.object({ kind: v.literal('folder'), ...at }),
]);
/** A row of the files view that stands for a file or folder; what commands are handed. */
export type FileRow = v.InferOutput<typeof rowSchema> & { readonly entry?: FileEntry };

/** A row of the files view. */
export type Row =
  | FileRow
  /** Something that cannot be worked with; `index` tells two of one name apart. */
  | {
      readonly kind: 'unusable';
      readonly connectionId: string;
      readonly folder: string;
      readonly entry: FileEntry;
      readonly index: number;
    }
  /** Shows more of a folder. */
  | { readonly kind: 'more'; readonly connectionId: string; readonly folder: string; readonly left: number }
  /** Says something in place of what is in a folder. */
  | { readonly kind: 'note'; readonly connectionId: string; readonly folder: string; readonly text: string };

/** The row that a menu handed to a command; undefined for anything else. */
export function asFileRow(argument: unknown): FileRow | undefined {
  const checked = v.safeParse(rowSchema, argument);
  return checked.success ? checked.output : undefined;
}

/** Every row that a menu is about: all that are selected where the one that was clicked is among them. */
export function asFileRows(first: unknown, selected: unknown): FileRow[] {
  const row = asFileRow(first);
  if (!row) return [];
  const all = Array.isArray(selected) ? selected.map(asFileRow).filter(each => each !== undefined) : [];
  return all.some(each => fileRowId(each) === fileRowId(row)) ? all : [row];
}

export function fileRowId(row: Row): string {
  switch (row.kind) {
    case 'root':
      return `root:${row.connectionId}`;
    case 'file':
    case 'folder':
      // one path, whatever is there now
      return `at:${row.connectionId}:${row.path}`;
    case 'unusable':
      return `unusable:${row.connectionId}:${row.folder}:${row.index}`;
    case 'more':
    case 'note':
      return `${row.kind}:${row.connectionId}:${row.folder}`;
  }
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** What a folder is in the end: a link to one unfolds like one. */
export function endKind({ kind, target }: Pick<FileEntry, 'kind' | 'target'>): FileKind {
  return kind === 'link' ? (target ?? 'link') : kind;
}

/** Sorted as people expect: folders first, numbers by their value. */
export function sortEntries(entries: readonly FileEntry[], showHidden: boolean): FileEntry[] {
  const shown = showHidden ? [...entries] : entries.filter(({ name }) => !name.startsWith('.'));
  const rank = (entry: FileEntry) => (endKind(entry) === 'folder' ? 0 : 1);
  return shown.sort(
    (one, other) =>
      rank(one) - rank(other) || collator.compare(one.name, other.name) || (one.name < other.name ? -1 : 1),
  );
}

/** The rows of what is in a folder, no more than `most`. */
export function rowsOf(connectionId: string, folder: Folder, options: { showHidden: boolean; most: number }): Row[] {
  const { path } = folder;
  const sorted = sortEntries(folder.entries, options.showHidden);
  const rows = sorted.slice(0, options.most).map((entry, index): Row => {
    if (entry.problem !== undefined) return { kind: 'unusable', connectionId, folder: path, entry, index };
    const kind = endKind(entry) === 'folder' ? 'folder' : 'file';
    return { kind, connectionId, path: path === '/' ? `/${entry.name}` : `${path}/${entry.name}`, entry };
  });
  const left = sorted.length - rows.length;
  if (left > 0) rows.push({ kind: 'more', connectionId, folder: path, left });
  else if (!folder.complete)
    rows.push({ kind: 'note', connectionId, folder: path, text: 'There is more here than can be listed.' });
  return rows;
}

/** A name without what would break its line or turn it round. */
export function shownName(name: string): string {
  return name.replace(/[\p{Cc}\u2028\u2029]/gu, '␤').replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '�');
}

const PROBLEMS = {
  encoding: 'The name is no valid UTF-8, so this cannot be told from other files here. Rename it in a terminal.',
  separator: 'The Spark gives this a name that contains a slash or a null; it is left alone.',
  empty: 'The Spark gives this a name that is none; it is left alone.',
} as const;

const PERMISSIONS = ['---', '--x', '-w-', '-wx', 'r--', 'r-x', 'rw-', 'rwx'] as const;
const TYPES: Readonly<Record<FileKind, string>> = { file: '-', folder: 'd', link: 'l', other: '?' };

/** "drwxr-xr-x", as `ls -l` writes it. */
export function permissions({ kind, mode }: Pick<FileEntry, 'kind' | 'mode'>): string {
  const [owner, group, others] = [(mode >> 6) & 7, (mode >> 3) & 7, mode & 7].map(bits => PERMISSIONS[bits]);
  return `${TYPES[kind]}${owner}${group}${others}`;
}

/** What is worth knowing of an entry, a line each. */
export function entryFacts(entry: FileEntry): string[] {
  const { name, problem, kind, target, size, mtime } = entry;
  const lines = [shownName(name)];
  if (problem !== undefined) lines.push(PROBLEMS[problem]);
  if (kind === 'link') lines.push(target === null ? 'A link that leads nowhere' : `A link to a ${target ?? 'file'}`);
  if (kind === 'other') lines.push('A device, a socket or a pipe');
  if (endKind(entry) === 'file') lines.push(bytes(size));
  lines.push(`Changed ${new Date(mtime).toLocaleString()}`, permissions({ kind: endKind(entry), mode: entry.mode }));
  return lines;
}

/** What stands behind a name in the tree. */
export function entryRemark({ kind, target, problem }: FileEntry): string {
  if (problem !== undefined) return 'cannot be opened';
  if (kind === 'link') return target === null ? 'broken link' : 'link';
  return kind === 'other' ? 'special' : '';
}

/** Whether a name may be given to something; what is wrong with it in a sentence otherwise. */
export function nameComplaint(name: string): string | undefined {
  if (name === '') return 'Enter a name.';
  if (nameProblem(name) !== undefined) return 'A name cannot contain a slash or a null, or be "." or "..".';
  if (new TextEncoder().encode(name).length > 255) return 'The name is too long.';
  return undefined;
}
