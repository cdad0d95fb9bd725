import type { FileKind } from '../../../shared/files.js';
import type { ConflictChoice } from '../../../shared/transfers.js';
import { printable } from '../../base/remoteText.js';
import { freeName, type NameRules } from './names.js';
import type { Source, SourceFile, SourceFolder } from './source.js';

/** A folder at the place where things go. */
export interface TargetFolder {
  readonly parent: TargetFolder | undefined;
  /** May still change while conflicts are decided. */
  name: string;
  /** It is there already. */
  readonly exists: boolean;
  readonly mode: number;
  readonly mtime: number;
  /** Neither it nor anything in it is transferred. */
  dropped: boolean;
}

export interface TargetFile {
  readonly source: SourceFile;
  readonly folder: TargetFolder;
  name: string;
  /** What is there goes. */
  overwrite: boolean;
  dropped: boolean;
}

/** Something that has the name of something else. */
export interface Conflict {
  readonly name: string;
  /** The folder that it goes to. */
  readonly folder: TargetFolder;
  readonly coming: Version;
  readonly there: Version;
  readonly choices: readonly ConflictChoice[];
  decide(choice: ConflictChoice): void;
}

export interface Version {
  readonly kind: FileKind;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
}

/** What there is to do. */
export interface Plan {
  readonly top: TargetFolder;
  /** Each before those in it. */
  readonly folders: TargetFolder[];
  readonly files: TargetFile[];
  readonly conflicts: Conflict[];
  readonly problems: string[];
}

/** The side where things go. */
export interface Target extends NameRules {
  /** What is in a folder that is there, by name; a link to a folder counts as a folder where it may be written through. */
  list(path: string): Promise<Map<string, Version>>;
  readonly join: (folder: string, name: string) => string;
}

/** Where a folder of a plan is. @param top path of the folder that everything goes to */
export function pathOf(folder: TargetFolder, top: string, join: Target['join']): string {
  return folder.parent ? join(pathOf(folder.parent, top, join), folder.name) : top;
}

export function isDropped(folder: TargetFolder): boolean {
  return folder.dropped || (folder.parent !== undefined && isDropped(folder.parent));
}

/** Finds out what is to be made, and where something is in the way. */
export async function makePlan(source: Source, destination: string, target: Target): Promise<Plan> {
  const top: TargetFolder = { parent: undefined, name: '', exists: true, mode: 0, mtime: 0, dropped: false };
  const plan: Plan = { top, folders: [], files: [], conflicts: [], problems: [...source.problems] };
  await planFolder(plan, source, top, { destination, target });
  return plan;
}

async function planFolder(
  plan: Plan,
  source: Pick<SourceFolder, 'files' | 'folders'>,
  folder: TargetFolder,
  to: { destination: string; target: Target },
): Promise<void> {
  const { target } = to;
  const there = folder.exists
    ? await target.list(pathOf(folder, to.destination, target.join))
    : new Map<string, Version>();
  const taken = new Map([...there].map(([name, version]) => [target.key(name), version]));
  const claim = (name: string, version: Version) => taken.set(target.key(name), version);
  const rename = (node: { name: string }, version: Version) => {
    node.name = freeName(node.name, name => taken.has(target.key(name)));
    claim(node.name, version);
  };
  const usable = <T extends { name: string }>(items: readonly T[]): T[] =>
    items.filter(({ name }) => {
      const problem = target.problem(name);
      if (problem !== undefined) plan.problems.push(`The name "${printable(name, 100)}" ${problem}.`);
      return problem === undefined;
    });

  for (const child of usable(source.folders)) {
    const version: Version = { kind: 'folder', size: 0, mtime: child.mtime * 1000 };
    const before = taken.get(target.key(child.name));
    const node: TargetFolder = {
      ...{ parent: folder, name: child.name, mode: child.mode, mtime: child.mtime, dropped: false },
      exists: before?.kind === 'folder' && there.has(child.name),
    };
    plan.folders.push(node);
    if (!before) claim(child.name, version);
    else if (!node.exists)
      plan.conflicts.push({
        ...{ name: child.name, folder, coming: version, there: before, choices: ['keepBoth', 'skip'] },
        decide: choice => {
          if (choice === 'keepBoth') rename(node, version);
          else node.dropped = true;
        },
      });
    await planFolder(plan, child, node, to);
  }
  for (const file of usable(source.files)) {
    const version: Version = { kind: 'file', size: file.size, mtime: file.mtime * 1000 };
    const before = taken.get(target.key(file.name));
    const node: TargetFile = { source: file, folder, name: file.name, overwrite: false, dropped: false };
    plan.files.push(node);
    if (!before) {
      claim(file.name, version);
      continue;
    }
    // of two that come and are one here, the second does not go over the first
    const mayOverwrite = (before.kind === 'file' || before.kind === 'link') && there.has(file.name);
    plan.conflicts.push({
      ...{ name: file.name, folder, coming: version, there: before },
      choices: mayOverwrite ? ['overwrite', 'keepBoth', 'skip'] : ['keepBoth', 'skip'],
      decide: choice => {
        if (choice === 'overwrite') node.overwrite = true;
        else if (choice === 'keepBoth') rename(node, version);
        else node.dropped = true;
      },
    });
  }
}
